"""Layouts of simulated sections have the named arrangement."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from spatialcore.simulate.layouts import LAYOUTS, Layout, draw_types, grid

N_TYPES = 6


def same_type_ratio(coordinates: np.ndarray, codes: np.ndarray) -> float:
    """Return the share of the eight nearest cells of the same type, relative to chance."""
    nearest = cKDTree(coordinates).query(coordinates, 9)[1][:, 1:]
    shares = np.bincount(codes) / len(codes)
    return float((codes[nearest] == codes[:, None]).mean() - shares @ shares)


def test_cells_on_the_grid_are_one_spacing_apart() -> None:
    coordinates = grid(1000, 10.0)
    nearest = cKDTree(coordinates).query(coordinates, 2)[0][:, 1]
    assert coordinates.shape == (1000, 2)
    assert (nearest == 10.0).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_assigns_a_type_to_each_cell(layout: Layout) -> None:
    codes = draw_types(layout, grid(900, 10.0), N_TYPES, np.random.default_rng(0))
    assert codes.shape == (900,)
    assert codes.min() >= 0
    assert codes.max() < N_TYPES
    repeated = draw_types(layout, grid(900, 10.0), N_TYPES, np.random.default_rng(0))
    np.testing.assert_array_equal(codes, repeated)


@pytest.mark.parametrize(("layout", "low", "high"), [("mixed", -0.02, 0.02), ("niches", 0.1, 1), ("nests", 0.1, 1)])
def test_neighbours_have_the_same_type_only_in_grouped_layouts(layout: Layout, low: float, high: float) -> None:
    coordinates = grid(1600, 10.0)
    similar = [same_type_ratio(coordinates, draw_types(layout, coordinates, N_TYPES, rng)) for rng in _generators()]
    assert low < np.mean(similar) < high


def test_a_homogeneous_section_has_mostly_one_type() -> None:
    codes = draw_types("homogeneous", grid(2500, 10.0), N_TYPES, np.random.default_rng(3))
    assert np.bincount(codes).max() / len(codes) == pytest.approx(0.92, abs=0.02)
    assert len(np.unique(codes)) == N_TYPES


def _generators() -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(5)]
