"""The platform of simulated queries is estimated."""

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.training.platform.estimate import Platform, class_profiles, estimate_platform

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
