"""Whole counts from expected ones."""

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.spillover.rounding import order_of_cells, rounded

N, G = 60, 8


@pytest.fixture
def places() -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of cells, and their field of view."""
    return np.random.default_rng(0).random((N, 2)), np.repeat([0, 1], N // 2)


@pytest.fixture
def expected(places: tuple[np.ndarray, np.ndarray]) -> sparse.csr_matrix:
    """Counts that were mixed within each field of view, so that the sum of each gene is whole there."""
    rng = np.random.default_rng(1)
    counts = rng.poisson(1.5, (N, G)).astype(float)
    for group in (0, 1):
        rows = places[1] == group
        counts[rows] = 0.7 * counts[rows] + 0.3 * rng.dirichlet(np.ones(rows.sum()), rows.sum()).T @ counts[rows]
    return sparse.csr_matrix(counts.astype(np.float32))


def draw(expected: sparse.csr_matrix, places: tuple[np.ndarray, np.ndarray], seed: int = 0) -> np.ndarray:
    """Round with a seed."""
    order, group = order_of_cells(*places)
    return np.asarray(rounded(expected, order, group, np.random.default_rng(seed)).todense())


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_rounded_up_or_down_and_sums_kept(
    expected: sparse.csr_matrix, places: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    table, result = np.asarray(expected.todense()), draw(expected, places, seed)
    assert (result == np.rint(result)).all()
    assert (np.abs(result - table) < 1 + 1e-4).all()
    for group in (0, 1):
        rows = places[1] == group
        np.testing.assert_allclose(result[rows].sum(axis=0), table[rows].sum(axis=0), atol=1e-3)


def test_counts_are_expected_ones_in_the_mean(
    expected: sparse.csr_matrix, places: tuple[np.ndarray, np.ndarray]
) -> None:
    mean = np.mean([draw(expected, places, seed) for seed in range(600)], axis=0)
    np.testing.assert_allclose(mean, np.asarray(expected.todense()), atol=5 * 0.5 / np.sqrt(600))


def test_sums_of_near_cells_are_those_expected(
    expected: sparse.csr_matrix, places: tuple[np.ndarray, np.ndarray]
) -> None:
    order, group = order_of_cells(*places)
    near = order[: N // 4]
    difference = draw(expected, places)[near].sum(axis=0) - np.asarray(expected.todense())[near].sum(axis=0)
    assert np.abs(difference).max() < 1 + 1e-3
    assert len(np.unique(group[near])) == 1


def test_the_seed_decides(expected: sparse.csr_matrix, places: tuple[np.ndarray, np.ndarray]) -> None:
    one, same, other = (draw(expected, places, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_whole_counts_stay(places: tuple[np.ndarray, np.ndarray]) -> None:
    counts = np.random.default_rng(2).poisson(0.4, (N, G)).astype(np.float32)
    np.testing.assert_array_equal(draw(sparse.csr_matrix(counts), places), counts)


@pytest.mark.parametrize("seed", range(8))
def test_no_cell_becomes_empty(seed: int) -> None:
    """Ten cells with half a count each of two genes, beside one cell with many."""
    counts = np.full((11, 2), 0.5, np.float32)
    counts[10] = 20
    coordinates = np.column_stack([np.arange(11.0), np.zeros(11)])
    result = draw(sparse.csr_matrix(counts), (coordinates, np.zeros(11, int)), seed)
    assert (result.sum(axis=1) > 0).all()
    np.testing.assert_array_equal(result.sum(axis=0), counts.sum(axis=0))


def test_cells_without_coordinates_keep_their_counts(
    expected: sparse.csr_matrix, places: tuple[np.ndarray, np.ndarray]
) -> None:
    coordinates = places[0].copy()
    coordinates[3] = np.nan
    counts = sparse.csr_matrix(np.rint(expected.todense()))
    order, group = order_of_cells(coordinates, places[1])
    assert order[0] == 3
    assert group[3] == -1
    result = rounded(counts, order, group, np.random.default_rng(0))
    np.testing.assert_array_equal(result.todense(), counts.todense())


@pytest.mark.parametrize("seed", range(20))
def test_a_cell_gives_each_count_once(seed: int) -> None:
    """Many cells that would become empty have the same largest gene."""
    rng = np.random.default_rng(seed)
    counts = rng.random((40, 6)) * (rng.random((40, 6)) < 0.5) * rng.choice([0.1, 0.5, 2.0], size=(40, 1))
    counts *= np.rint(counts.sum(axis=0)) / counts.sum(axis=0)
    coordinates = np.column_stack([np.arange(40.0), np.zeros(40)])
    result = draw(sparse.csr_matrix(counts), (coordinates, np.zeros(40, int)), seed)
    assert (result >= 0).all()
    np.testing.assert_allclose(result.sum(axis=0), counts.sum(axis=0), atol=1e-6)
