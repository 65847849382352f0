"""Confidence plot: colours, rows, map."""

import itertools

import numpy as np
import pandas as pd
import pytest

from spatialcore.errors import LabelColumnError
from spatialcore.plotting import plot_celltype_confidence
from spatialcore.plotting.figures.confidence import threshold_colors
from tests.cells import cells_with
from tests.plotting.tissues import make_tissue, texts


def call(adata, **options):
    return plot_celltype_confidence(adata, "cell_type", "cell_type_confidence", **options)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.8, 1.0])
def test_colors_are_green_at_and_above_the_threshold_only(threshold):
    colors = threshold_colors(threshold)
    above, below = colors(threshold + 0.01), colors(threshold - 0.01)
    if threshold < 1:
        assert above[1] > above[0]
    if threshold > 0:
        assert below[0] > below[1] * 0.98


def test_low_and_high_confidence_differ_without_hue():
    low, high = (np.dot(threshold_colors(0.8)(value)[:3], [0.2126, 0.7152, 0.0722]) for value in (0.0, 1.0))
    assert low - high > 0.1  # greys, and for readers who do not distinguish red from green


def test_ticks_do_not_overlap_on_an_axis_that_begins_at_zero(tissue):
    tissue.obs["cell_type_confidence"] = np.linspace(0, 1, tissue.n_obs)
    figure = call(tissue, figsize=(9, 5))
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in figure.axes[1].get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


def test_two_panels_with_threshold_line_and_size(tissue):
    figure = call(tissue, threshold=0.7, figsize=(10, 5))
    assert tuple(figure.get_size_inches()) == (10, 5)
    jitter = figure.axes[1]
    assert any(list(line.get_xdata()) == [0.7, 0.7] for line in jitter.lines)
    passing = int((tissue.obs["cell_type_confidence"] >= 0.7).sum())
    assert f"{passing} of 410 cells" in texts(figure)


def test_y_axis_points_down(tissue):
    left = call(tissue).axes[0]
    assert left.get_ylim()[0] > left.get_ylim()[1]
    assert left.get_aspect() == 1
    assert "unit unknown" in texts(left)


def test_the_most_frequent_types_are_drawn_and_the_others_listed():
    figure = call(make_tissue((10, 50, 30)), max_cell_types=2)
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()].count("B cell") == 0
    assert "Less frequent types, not drawn: B cell" in texts(figure)


def test_without_coordinates_the_right_panel_is_drawn(tissue):
    del tissue.obsm["spatial"]
    assert len(call(tissue).axes) == 1


def test_missing_confidence_is_below_the_threshold(tissue, tmp_path):
    tissue.obs.loc[tissue.obs["cell_type"] == "B cell", "cell_type_confidence"] = np.nan
    call(tissue, save=tmp_path / "confidence.png")
    table = pd.read_csv(tmp_path / "confidence.csv").set_index("cell_type")
    assert table.loc["B cell", "share_above_threshold"] == 0


def test_missing_column(tissue):
    with pytest.raises(LabelColumnError, match="nothing"):
        plot_celltype_confidence(tissue, "cell_type", "nothing")


def test_many_cells_are_drawn_as_pixels(rng):
    n = 100_001
    adata = cells_with(cell_type=pd.Categorical(["a"] * n), cell_type_confidence=rng.uniform(size=n))
    adata.obsm["spatial"] = rng.uniform(0, 5000, (n, 2))
    left = call(adata).axes[0]
    assert len(left.images) == 1
    assert not left.collections
