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
    first, second = figure.axes[:2]
    assert (first.get_title(loc="left"), [label.get_text() for label in first.get_yticklabels()]) == (
        "1  a",
        ["G2", "G0"],
    )
    np.testing.assert_allclose(np.asarray(first.images[0].get_array()), [[1, 0, 0], [0.5, 1, 1]])
    assert [label.get_text() for label in second.get_yticklabels()] == ["G1"]
    assert [text.get_text() for text in first.texts] == ["2", "2"]  # the highest other type, by its number


def test_ten_genes_are_drawn_for_each_of_forty_types() -> None:
    types = tuple(f"type {k}" for k in range(40))
    markers = {name: [f"M{k}_{i}" for i in range(11)] for k, name in enumerate(types)}
    tissue = make_tissue((12,) * 40, types=types, markers=markers)
    drawn = texts(plot_deg_heatmap(tissue, "cell_type", n_genes=10)).split("\n")
    assert "Top 10 differential genes per cell type" in drawn
    assert len({text for text in drawn if text.startswith("M") and "_" in text}) == 400
