"""Rows of confidence in two columns."""

import numpy as np

from spatialcore.plotting.figures.confidence import MANY_TYPES, fitting_size, plot_celltype_confidence
from tests.plotting.tissues import make_tissue, texts


def test_many_types_are_drawn_in_two_columns_below_map_and_distribution():
    n = MANY_TYPES + 3
    names = [f"type {k:02d}" for k in range(n)]
    tissue = make_tissue((12,) * n, types=names, markers={name: [f"M{name}"] for name in names})
    size = fitting_size(tissue, n)
    figure = plot_celltype_confidence(tissue, "cell_type", "cell_type_confidence", max_cell_types=n, figsize=size)
    rows = [axes for axes in figure.axes if len(axes.get_yticklabels()) > 9]
    labels = [[label.get_text() for label in axes.get_yticklabels()] for axes in rows]
    assert [len(column) for column in labels] == [15, 14]
    assert sorted(labels[0] + labels[1]) == names
    assert "All calls" in texts(figure)
    assert "unit unknown" in texts(figure)


def test_without_coordinates_only_the_distribution_is_drawn():
    n = MANY_TYPES + 1
    names = [f"type {k:02d}" for k in range(n)]
    tissue = make_tissue((5,) * n, types=names, markers={name: [f"M{name}"] for name in names})
    del tissue.obsm["spatial"]
    figure = plot_celltype_confidence(tissue, "cell_type", "cell_type_confidence", max_cell_types=n, figsize=(13, 9))
    assert "unit unknown" not in texts(figure)
    heights = [bar.get_height() for axes in figure.axes for bar in axes.patches]
    assert np.sum(heights) == tissue.n_obs
