"""Cells per type at three levels: table, figure and part of the report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation import run_manifest
from spatialcore.annotation.calls.level_columns import write_levels
from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.plotting.figures.levels import level_colors, level_table, plot_levels
from spatialcore.plotting.run_figures import draw_run_figures
from spatialcore.report import tables

IDS = {"CD4": "CL:0000624", "CD8": "CL:0000625", "B": "CL:0000236", "MK": "CL:0000556"}
T_CELL = "mature alpha-beta T cell"


@pytest.fixture
def cells_with_levels(rng: np.random.Generator) -> AnnData:
    """Return ten cells: 4 CD4 (2 certain, 1 only T cell, 1 only lymphocyte), 3 CD8, 2 B and 1 uncertain MK."""
    predicted = ["CD4"] * 4 + ["CD8"] * 3 + ["B"] * 2 + ["MK"]
    path = np.array(
        [[0.9, 0.9, 1.0]] * 2
        + [[0.5, 0.9, 1.0], [0.5, 0.7, 0.8]]
        + [[0.9, 0.95, 1.0]] * 3
        + [[0.9, 1.0, np.nan]] * 2
        + [[0.1, np.nan, np.nan]]
    )
    obs = pd.DataFrame({columns.PREDICTED: predicted, columns.CELL_TYPE: predicted}, index=[f"c{i}" for i in range(10)])
    obs[columns.CONFIDENCE] = path[:, 0]
    var = pd.DataFrame(index=[f"G{i}" for i in range(6)])
    adata = AnnData(rng.poisson(2.0, (10, 6)).astype(np.float32), obs, var)
    adata.obsm[columns.SPATIAL] = rng.uniform(size=(10, 2)) * 100
    write_levels(adata, ClassTree.build(tuple(IDS), IDS), path, 0.8)
    return adata


def test_the_table_counts_cells_at_each_level_below_the_coarser_type(cells_with_levels: AnnData) -> None:
    table = level_table(cells_with_levels)
    assert table[["level", "cell_type", "n_cells"]].to_numpy().tolist() == [
        [1, "lymphocyte", 9],
        [2, T_CELL, 6],
        [3, "CD8", 3],
        [3, "CD4", 2],
        [2, "B", 2],
        [3, "B", 2],
    ]
    assert table["share"].tolist() == pytest.approx([0.9, 0.6, 0.3, 0.2, 0.2, 0.2])
    assert table["confidence"].tolist()[:2] == pytest.approx([(2 + 1 + 0.8 + 3 + 2) / 9, (0.9 * 3 + 0.95 * 3) / 6])


def test_the_figure_shows_the_numbers(cells_with_levels: AnnData, tmp_path: Path) -> None:
    figure = plot_levels(cells_with_levels, save=tmp_path / "levels.png")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["lymphocyte", T_CELL, "CD8", "CD4", "B"]
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "levels.csv"), level_table(cells_with_levels))


def test_terms_keep_the_colors_of_the_annotation(cells_with_levels: AnnData) -> None:
    run_manifest.record(cells_with_levels, colors_json='{"lymphocyte": "#123456", "B": "#654321"}')
    colors = level_colors(cells_with_levels)
    assert colors["lymphocyte"] == "#123456"
    assert colors["B"] == "#654321"


def test_the_report_lists_each_level(cells_with_levels: AnnData) -> None:
    rows = tables.levels(cells_with_levels)
    assert [(row["level"], row["n_types"]) for row in rows] == [(1, 1), (2, 2), (3, 3)]
    assert [row["share"] for row in rows] == pytest.approx([0.9, 0.8, 0.7])


def test_cells_without_levels_have_no_table_and_no_figure(cells_with_levels: AnnData) -> None:
    del cells_with_levels.obsm[columns.PATH_CONFIDENCE]
    assert level_table(cells_with_levels).empty
    assert tables.levels(cells_with_levels) == []
    assert "levels" not in draw_run_figures(cells_with_levels)["figures"]


def test_a_run_draws_its_levels_at_its_threshold(cells_with_levels: AnnData) -> None:
    figure = draw_run_figures(cells_with_levels, confidence_threshold=0.97)["figures"]["levels"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["lymphocyte"]
