"""AUC of marker scores by cell type."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from spatialcore import columns
from spatialcore.plotting.figures.marker_separation import plot_marker_separation
from tests.plotting.tissues import TYPES, make_tissue, texts


def test_auc_is_high_on_the_diagonal(sample: ad.AnnData, markers: dict[str, list[str]], tmp_path: Path) -> None:
    plot_marker_separation(sample, columns.PREDICTED, markers, save=tmp_path / "auc.png")
    table = pd.read_csv(tmp_path / "auc.csv", index_col=0)
    assert (np.diag(table.loc[list(TYPES), list(TYPES)]) > 0.95).all()
    assert table.loc["B cell", "fibroblast"] < 0.5


def test_rows_and_columns_have_one_order_by_lineage_without_unmeasured_types(
    sample: ad.AnnData, markers: dict[str, list[str]], tmp_path: Path
) -> None:
    markers = {name: markers[name] for name in ("fibroblast", "B cell")}
    figure = plot_marker_separation(sample, columns.PREDICTED, markers, save=tmp_path / "auc.png")
    table = pd.read_csv(tmp_path / "auc.csv", index_col=0)
    assert list(table.index) == list(table.columns) == ["B cell", "fibroblast"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["B cell  1", "fibroblast  2"]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["1", "2"]
    assert "no marker on this panel: T cell" in texts(figure)


def test_names_use_less_than_a_tenth_of_the_height() -> None:
    names = [f"a cell type with a very long name, number {k}" for k in range(8)]
    markers = {name: [f"MARKER{k}"] for k, name in enumerate(names)}
    tissue = make_tissue((20,) * 8, types=names, markers=markers)
    figure = plot_marker_separation(tissue, "cell_type", markers)
    figure.canvas.draw()
    axes, height = figure.axes[0], figure.bbox.height
    below = axes.get_window_extent().y0 - min(label.get_window_extent().y0 for label in axes.get_xticklabels())
    assert below < height / 10


def test_placeholder_without_markers(sample: ad.AnnData) -> None:
    assert "No type has a marker" in texts(plot_marker_separation(sample, columns.PREDICTED, {"B cell": ["ABSENT"]}))
