"""Neighbours are the nearest cells of the same sample and field of view, for all kinds of coordinates."""

import numpy as np
import pytest
from anndata import AnnData

from spatialcore.annotation.spillover.neighbourhoods import (
    N_NEIGHBOURS,
    Neighbourhoods,
    neighbourhoods_of,
)

N = 200
ONE_GROUP = np.zeros(N, dtype=np.intp)


def scattered(dimensions: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 100, (N, dimensions))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_nearest_cells_are_those_of_a_full_distance_table(dimensions: int) -> None:
    xy = scattered(dimensions)
    result = Neighbourhoods.find(xy, ONE_GROUP, np.ones(N))
    distance = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    np.testing.assert_array_equal(np.sort(result.indices), np.sort(np.argsort(distance, axis=1)[:, :N_NEIGHBOURS]))
    np.testing.assert_allclose(result.weights.sum(axis=1), 1, rtol=1e-5)
    assert result.distance == pytest.approx(np.median(distance.min(axis=1)), rel=1e-5)


def test_weights_fall_with_distance_and_rise_with_counts() -> None:
    xy, totals = scattered(), np.random.default_rng(1).integers(50, 500, N).astype(float)
    result = Neighbourhoods.find(xy, ONE_GROUP, totals)
    distance = np.linalg.norm(xy[result.indices[7]] - xy[7], axis=1)
    third = np.median(np.sort(np.linalg.norm(xy[:, None] - xy[None], axis=2), axis=1)[:, 3])
    expected = np.exp(-distance / (0.75 * third)) * totals[result.indices[7]]
    np.testing.assert_allclose(result.weights[7], expected / expected.sum(), rtol=1e-4)


def test_neighbours_are_of_the_same_sample_and_field() -> None:
    xy = np.tile(scattered()[: N // 2], (2, 1))  # two fields of view with local coordinates
    groups = np.repeat([0, 1], N // 2)
    result = Neighbourhoods.find(xy, groups, np.ones(N))
    assert (groups[result.indices] == groups[:, None]).all()
    assert result.n_groups == 2


def test_scale_of_the_coordinates_does_not_matter() -> None:
    one, other = (Neighbourhoods.find(scattered() * scale, ONE_GROUP, np.ones(N)) for scale in (1.0, 8.3))
    np.testing.assert_array_equal(one.indices, other.indices)
    np.testing.assert_allclose(one.weights, other.weights, rtol=1e-4)


def test_cells_with_equal_coordinates_are_neighbours() -> None:
    xy = scattered()
    xy[:30] = xy[0]
    result = Neighbourhoods.find(xy, ONE_GROUP, np.ones(N))
    assert np.isfinite(result.weights).all()
    assert (result.indices[np.arange(N) >= 30] != np.arange(30, N)[:, None]).all()
    assert (result.indices[:30] < 30).all()


def test_cells_without_coordinates_have_no_neighbours() -> None:
    xy = scattered()
    xy[5] = np.nan
    result = Neighbourhoods.find(xy, ONE_GROUP, np.ones(N))
    assert not result.has_any[5]
    assert result.has_any.sum() == N - 1
    assert not (result.indices[result.has_any] == 5).any()


def test_composition_is_the_weighted_mean_of_the_neighbours() -> None:
    probabilities = np.random.default_rng(2).dirichlet(np.ones(4), N).astype(np.float32)
    result = Neighbourhoods.find(scattered(), ONE_GROUP, np.ones(N))
    rows = np.array([3, 50])
    expected = [result.weights[i] @ probabilities[result.indices[i]] for i in rows]
    np.testing.assert_allclose(result.composition(probabilities, rows), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("unit", "scale", "warning"),
    [("um", 1.0, ""), ("um", 20.0, "µm away in the median"), ("px", 1.0, "is px"), ("", 1.0, "is unknown")],
)
def test_sparse_sections_and_unknown_units_give_a_warning(unit: str, scale: float, warning: str) -> None:
    adata = AnnData(np.ones((N, 2)), obsm={"spatial": scattered() * scale}, uns={"spatialcore_source": {"unit": unit}})
    result = neighbourhoods_of(adata, np.ones(N)).warning
    assert warning in result
    assert bool(result) == bool(warning)
