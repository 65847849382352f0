"""AUC of marker scores by cell type."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from spatialcore import columns
from spatialcore.plotting.figures.marker_separation import plot_marker_separation
from tests.plotting.tissues import TYPES, texts


def test_auc_is_high_on_the_diagonal(sample: ad.AnnData, markers: dict[str, list[str]], tmp_path: Path) -> None:
    plot_marker_separation(sample, columns.PREDICTED, markers, save=tmp_path / "auc.png")
    table = pd.read_csv(tmp_path / "auc.csv", index_col=0)
    assert (np.diag(table.loc[list(TYPES), list(TYPES)]) > 0.95).all()
    assert table.loc["B cell", "fibroblast"] < 0.5


def test_placeholder_without_markers(sample: ad.AnnData) -> None:
    assert "No type has a marker" in texts(plot_marker_separation(sample, columns.PREDICTED, {"B cell": ["ABSENT"]}))
