"""The platform of simulated queries is estimated, and reference cells are measured on it."""

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.training.platform import (
    Platform,
    class_profiles,
    draw_by_class,
    draw_counts,
    estimate_platform,
    match_rows,
    match_to_platform,
    thin,
    thin_to_depths,
)

N_GENES = 60


@pytest.fixture
def profiles(rng: np.random.Generator) -> np.ndarray:
    return rng.dirichlet(np.full(N_GENES, 0.5), 6) * 0.98 + 0.02 / N_GENES


def measured(
    profiles: np.ndarray, efficiency: np.ndarray, ambient: float, rng: np.random.Generator, n: int = 3000
) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Draw query cells with known efficiencies and ambient share; return them with their depths."""
    codes, depths = rng.integers(0, len(profiles), n), 100 * rng.lognormal(0, 0.3, n)
    shares = profiles * efficiency
    shares /= shares.sum(axis=1, keepdims=True)
    background = shares[codes].mean(axis=0)
    means = (1 - ambient) * shares[codes] + ambient * background
    return sparse.csr_matrix(rng.poisson(means * depths[:, None]).astype(np.float32)), depths


@pytest.mark.parametrize("ambient", [0.0, 0.2])
def test_depth_efficiency_and_ambient_share_are_recovered(
    ambient: float, profiles: np.ndarray, rng: np.random.Generator
) -> None:
    efficiency = rng.lognormal(0, 0.8, N_GENES)
    query, depths = measured(profiles, efficiency, ambient, rng)
    platform = estimate_platform(profiles, query)
    assert platform.median_depth == pytest.approx(np.median(depths), rel=0.05)
    assert platform.ambient == pytest.approx(ambient, abs=0.051)
    assert np.corrcoef(np.log(platform.efficiency), np.log(efficiency))[0, 1] > 0.9
    np.testing.assert_allclose(platform.background, query.sum(axis=0).A1 / query.sum(), atol=1e-4)
    spread = Platform(depths, efficiency / efficiency.mean(), 0.0, platform.background).efficiency_spread
    assert platform.efficiency_spread == pytest.approx(spread, rel=0.4)


def test_a_query_without_counts_has_no_platform(profiles: np.ndarray) -> None:
    platform = estimate_platform(profiles, sparse.csr_matrix((5, N_GENES)))
    assert np.isnan(platform.median_depth)
    assert platform.ambient == 0
    assert (platform.efficiency == 1).all()


def test_class_profiles_are_means_of_shares(rng: np.random.Generator) -> None:
    counts = rng.poisson(1, (200, N_GENES)).astype(float) + np.eye(200, N_GENES)
    codes = np.repeat([0, 1], 100)
    shares = counts / counts.sum(axis=1, keepdims=True)
    means = np.stack([shares[codes == k].mean(axis=0) for k in range(2)])
    result = class_profiles(sparse.csr_matrix(counts), codes, 2)
    np.testing.assert_allclose(result.sum(axis=1), 1)
    np.testing.assert_allclose(result, 0.99 * means + 0.01 * means.mean(axis=0), atol=1e-6)


def test_measured_cells_have_the_expected_mean(profiles: np.ndarray, rng: np.random.Generator) -> None:
    efficiency = rng.lognormal(0, 0.8, N_GENES)
    background = rng.dirichlet(np.ones(N_GENES))
    platform = Platform(np.array([200.0]), efficiency, 0.3, background)
    cells = sparse.csr_matrix(np.tile(profiles[:1] * 5000, (4000, 1)))
    drawn = match_to_platform(cells, platform, rng)
    assert (drawn.data == np.rint(drawn.data)).all()
    np.testing.assert_allclose(drawn.mean(axis=0).A1, 200 * platform.expected(profiles[:1])[0], rtol=0.15, atol=0.1)


def test_drawn_counts_have_the_stated_moments(rng: np.random.Generator) -> None:
    shares = rng.dirichlet(np.ones(10))
    drawn = draw_counts(np.full(20_000, 30.0), shares, rng).toarray()
    np.testing.assert_allclose(drawn.mean(axis=0), 30 * shares, rtol=0.05, atol=0.02)
    np.testing.assert_allclose(drawn.var(axis=0), 30 * shares, rtol=0.1, atol=0.05)  # Poisson
    by_class = draw_by_class(np.full(4, 1e4), np.array([1, 0, 1, 0]), np.eye(2), rng).toarray()
    assert [int(row.argmax()) for row in by_class] == [1, 0, 1, 0]


def test_thinning_is_binomial_and_never_adds_counts(rng: np.random.Generator) -> None:
    counts = sparse.csr_matrix(np.full((5000, 2), 40.0))
    thinned = thin(counts, np.full(5000, 0.25), rng).toarray()
    assert thinned.mean() == pytest.approx(10, rel=0.02)
    assert thinned.var() == pytest.approx(40 * 0.25 * 0.75, rel=0.06)
    shallow = thin_to_depths(counts, np.array([20.0]), rng)
    assert shallow.sum() / 5000 == pytest.approx(20, rel=0.02)
    same = thin_to_depths(counts, np.array([500.0]), rng)
    assert (same != counts).nnz == 0


def test_cells_in_blocks_are_drawn_as_together(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = sparse.csr_matrix(rng.poisson(2.0, (50, 9)).astype(np.float32))
    target = Platform(np.array([20.0, 40.0]), rng.lognormal(0, 0.5, 9), 0.2, np.full(9, 1 / 9))
    rows = rng.integers(0, 50, 70)
    full = match_to_platform(cells[rows], target, np.random.default_rng(1)).toarray()
    by_class = draw_by_class(np.full(70, 9.0), rows % 3, np.eye(9)[:3] + 0.1, np.random.default_rng(2)).toarray()
    monkeypatch.setattr("spatialcore.annotation.training.platform.SIMULATED_CELLS", 16)
    blocks = match_rows(cells, rows, target, np.random.default_rng(1))
    assert [block.shape[0] for block in blocks] == [16, 16, 16, 16, 6]
    np.testing.assert_array_equal(sparse.vstack(blocks).toarray(), full)
    repeated = draw_by_class(np.full(70, 9.0), rows % 3, np.eye(9)[:3] + 0.1, np.random.default_rng(2)).toarray()
    np.testing.assert_array_equal(repeated, by_class)


def test_draws_are_the_same_without_the_compiled_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = np.arange(10.0) / 45
    drawn = draw_counts(np.full(100, 30.0), shares, np.random.default_rng(3)).toarray()
    monkeypatch.setattr("spatialcore.annotation.model.compiled.library", lambda: None)
    np.testing.assert_array_equal(draw_counts(np.full(100, 30.0), shares, np.random.default_rng(3)).toarray(), drawn)
