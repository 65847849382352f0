from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from spatialcore.errors import FileMissingError
from spatialcore.workflow.inspect import genes_of, inspect_data

GENES = ["CD3E", "MS4A1", "EPCAM", "COL1A1"]


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    counts = np.random.default_rng(0).poisson(2.0, (40, 4)).astype(np.float32)
    obs = pd.DataFrame({"cell_type": ["B", "T"] * 20}, index=[f"c{i}" for i in range(40)])
    path = tmp_path / "cells.h5ad"
    anndata.AnnData(counts, obs=obs, var=pd.DataFrame(index=GENES)).write_h5ad(path)
    return path


def test_counts_with_labels_are_a_query_and_a_reference(cells: Path) -> None:
    state = inspect_data(cells)
    assert (state.cells, state.features, state.genes, state.named_by) == (40, 4, 4, "symbols")
    assert (state.x, state.raw_counts, state.coordinates, state.annotated) == ("raw", "X", "none", False)
    assert state.label_columns == {"cell_type": 2}
    assert (state.query, state.reference) == ("yes", "yes")
    assert state.median_counts_per_cell == np.median(anndata.read_h5ad(cells).X.sum(axis=1))


def test_match_is_the_share_of_the_smaller_gene_set(cells: Path, tmp_path: Path) -> None:
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_text("gene\nCD3E\nTP53\n")
    large.write_text("gene\n" + "\n".join(["CD3E", "MS4A1", "TP53", "CD4", "CD8A", "LYZ"]) + "\n")
    matches = inspect_data(cells, against={"small": small, "large": large}).matches
    assert matches["small"] == {"shared": 1, "wanted": 2, "pct": 50.0}
    assert matches["large"] == {"shared": 2, "wanted": 4, "pct": 50.0}


def test_genes_of_data_and_panels(cells: Path, tmp_path: Path) -> None:
    panel = tmp_path / "panel.csv"
    panel.write_text("gene\nCD3E\nTP53\n")
    assert genes_of(cells) == GENES
    assert genes_of(panel) == ["CD3E", "TP53"]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError):
        inspect_data(tmp_path / "absent.h5ad")
