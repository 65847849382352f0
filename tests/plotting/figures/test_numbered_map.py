"""Maps of many types: the most frequent type per pixel."""

import numpy as np
import pandas as pd

from spatialcore.plotting.figures.numbered_map import draw_numbered, most_frequent_type
from spatialcore.plotting.groups import group_cells, type_colors
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
    figure = draw_numbered(groups, type_colors(tissue, "cell_type"), tissue.obsm["spatial"], "µm")
    drawn = texts(figure)
    assert all(f"{number} {name}" in drawn for number, name in enumerate(groups.names, start=1))
