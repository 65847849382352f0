"""Maps of many types: the most frequent type per pixel."""

import numpy as np
import pandas as pd

from spatialcore.plotting.figures.numbered_map import draw_numbered, most_frequent_type, number_positions
from spatialcore.plotting.groups import group_cells, type_colors
from spatialcore.plotting.legend import legend_table
from spatialcore.plotting.spatial import pixels
from tests.plotting.tissues import make_tissue, texts


def test_unassigned_is_shown_only_in_pixels_without_types() -> None:
    tissue = make_tissue()[:5].copy()
    tissue.obs["cell_type"] = pd.Categorical(["Unassigned", "Unassigned", "T cell", "Unassigned", "Unassigned"])
    groups = group_cells(tissue, "cell_type")
    xy = np.array([[0.0, 0], [0, 0], [0, 0], [5, 0], [5, 0]])
    types = most_frequent_type(pixels(xy, pixel=1.0), groups)
    assert groups.names[types[0, 0]] == "T cell"
    assert groups.names[types[0, 5]] == "Unassigned"
    assert types[0, 2] == -1


def test_one_small_map_per_type() -> None:
    tissue = make_tissue()
    groups = group_cells(tissue, "cell_type")
    table = legend_table(groups, type_colors(tissue, "cell_type"))
    groups = groups.select(table["cell_type"].tolist())
    figure = draw_numbered(groups, table, tissue.obsm["spatial"], "µm")
    drawn = texts(figure)
    assert all(f"{number} {name}" in drawn for number, name in enumerate(groups.names, start=1))


def test_numbers_are_placed_where_a_type_is_enriched() -> None:
    tissue = make_tissue((300, 300, 300))
    tissue.obsm["spatial"][:300] = tissue.obsm["spatial"][:300] / 10 + [900, 0]  # B cells are in one corner
    groups = group_cells(tissue, "cell_type", types_only=True)
    positions = number_positions(groups, tissue.obsm["spatial"])
    assert len(set(positions.values())) == 3
    x, y = positions[groups.names.index("B cell")]
    assert x > 890
    assert y < 110
