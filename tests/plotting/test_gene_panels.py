"""Differential genes of many types in panels."""

import numpy as np
import pandas as pd

from spatialcore.plotting.figures.heatmap import plot_deg_heatmap
from spatialcore.plotting.gene_panels import compare_with_others, draw_gene_panels
from spatialcore.plotting.groups import Groups
from spatialcore.plotting.tile_plot import Scale
from tests.plotting.tissues import make_tissue, texts


def test_a_type_is_compared_with_the_next_and_with_all_others() -> None:
    scaled = np.array([[1.0], [0.4], [0.2]])
    np.testing.assert_allclose(compare_with_others(scaled, 0), [[1.0, 0.4, 0.3]])
    np.testing.assert_allclose(compare_with_others(scaled, 2), [[0.2, 1.0, 0.7]])


def test_each_type_has_a_panel_with_its_genes() -> None:
    groups = Groups(("a", "b"), np.array([0, 1]))
    table = pd.DataFrame({"cell_type": ["a", "a", "b"], "gene": ["G2", "G0", "G1"]})
    scaled = np.array([[0.5, 0.0, 1.0], [1.0, 1.0, 0.0]])
    colors = {"a": "#000000", "b": "#ff0000"}
    figure = draw_gene_panels(
        scaled, np.array(["G0", "G1", "G2"]), groups, table, Scale("viridis", (0, 1), "x"), colors
    )
    axes = figure.axes[0]
    texts_at = {text.get_text(): text.get_position() for text in axes.texts}
    assert texts_at["G2"][1] > texts_at["G0"][1]  # in the order of the table
    assert texts_at["G2"][0] == texts_at["G0"][0] < texts_at["G1"][0]  # the first panel, the second
    assert {"1  a", "2  b"} <= set(texts_at)
    assert [text.get_text() for text in axes.texts].count("2") == 2  # the highest other type, by its number
    tiles = np.asarray(axes.collections[0].get_array().filled(np.nan))
    np.testing.assert_allclose(tiles[:, :3], [[1, 0, 0], [0.5, 1, 1]])
    np.testing.assert_allclose(tiles[:, 4:7], [[1, 0, 0], [np.nan] * 3])
    assert np.isnan(tiles[:, 3]).all()  # between the panels


def test_ten_genes_are_drawn_for_each_of_forty_types() -> None:
    types = tuple(f"type {k}" for k in range(40))
    markers = {name: [f"M{k}_{i}" for i in range(11)] for k, name in enumerate(types)}
    tissue = make_tissue((12,) * 40, types=types, markers=markers)
    drawn = texts(plot_deg_heatmap(tissue, "cell_type", n_genes=10)).split("\n")
    assert "Top 10 differential genes per cell type" in drawn
    assert len({text for text in drawn if text.startswith("M") and "_" in text}) == 400


def test_long_names_stay_inside_the_figure() -> None:
    types = tuple(f"a type with a very long name {k:02}" for k in range(40))
    markers = {name: [f"M{k}_{i}" for i in range(11)] for k, name in enumerate(types)}
    figure = plot_deg_heatmap(make_tissue((12,) * 40, types=types, markers=markers), "cell_type", n_genes=10)
    figure.canvas.draw()
    names = [text for text in figure.axes[0].texts if "very long" in text.get_text()]
    assert len(names) == 40
    assert max(text.get_window_extent().x1 for text in names) < figure.bbox.x1
    assert "Number on a tile" in texts(figure)
