"""Tile plots: number of genes, bands, colours."""

import numpy as np
import pandas as pd

from spatialcore.plotting.groups import Groups
from spatialcore.plotting.tile_plot import Scale, draw_tiles, fits_tiles


def test_many_types_with_many_genes_do_not_fit() -> None:
    assert fits_tiles(n_types=12, n_genes=10)
    assert not fits_tiles(n_types=60, n_genes=10)


def test_many_genes_are_split_into_bands() -> None:
    groups = Groups(("a", "b"), np.array([0, 1]))
    chosen = pd.DataFrame({"gene": [f"G{i}" for i in range(100)], "cell_type": ["a"] * 50 + ["b"] * 50})
    values = np.arange(200.0).reshape(2, 100)
    colors = {"a": "#000000", "b": "#ffffff"}
    figure = draw_tiles(values, groups, chosen, Scale("viridis", (0, 200), "label"), colors=colors, figsize=None)
    bands = [np.asarray(axes.images[0].get_array()) for axes in figure.axes[:2]]
    np.testing.assert_array_equal(np.hstack(bands), values)
