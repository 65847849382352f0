"""The second type of constructed mixtures is estimated, and none if one type explains the cell."""

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.spillover.second_type import SecondTypes, find_second_types, smaller_by

RNG = np.random.default_rng(1)
K, G, N = 5, 80, 200
PROFILES = RNG.dirichlet(np.full(G, 0.3), K) * 0.95 + 0.05 / G
EVEN = np.full((N, K), 1 / K, np.float32)


def mixtures(first: np.ndarray, second: np.ndarray, share: float) -> sparse.csr_matrix:
    means = (1 - share) * PROFILES[first] + share * PROFILES[second]
    return sparse.csr_matrix(np.stack([RNG.multinomial(150, mean) for mean in means]).astype(np.float32))


@pytest.mark.parametrize("share", [0.25, 0.4])
def test_types_and_shares_of_mixtures_are_estimated(share: float) -> None:
    first = RNG.integers(0, K, N)
    second = (first + RNG.integers(1, K, N)) % K
    result = find_second_types(mixtures(first, second, share), first, PROFILES, EVEN)
    assert (result.classes == second).mean() > 0.95
    assert result.shares.mean() == pytest.approx(share, abs=0.05)


def test_a_cell_of_one_type_has_no_second_type() -> None:
    first = RNG.integers(0, K, N)
    result = find_second_types(mixtures(first, first, 0.0), first, PROFILES, EVEN)
    assert (result.classes == -1).mean() > 0.98
    assert (result.shares[result.classes == -1] == 0).all()


def test_a_cell_of_another_type_than_its_call_is_not_a_mixture() -> None:
    first = RNG.integers(0, K, N)
    called = (first + 1) % K
    result = find_second_types(mixtures(first, first, 0.0), called, PROFILES, EVEN)
    assert (result.classes == -1).mean() > 0.98


def test_of_two_similar_types_the_one_in_the_neighbourhood_is_chosen() -> None:
    profiles = PROFILES.copy()
    profiles[2] = 0.999 * profiles[1] + 0.001 * profiles[2]
    first, second = np.zeros(N, np.intp), np.ones(N, np.intp)
    near = np.zeros((N, K), np.float32)
    near[: N // 2, 1], near[N // 2 :, 2] = 1, 1
    result = find_second_types(mixtures(first, second, 0.4), first, profiles, near).classes
    assert (result[: N // 2] == 1).mean() > 0.95
    assert (result[N // 2 :] == 2).mean() > 0.95


def test_only_a_smaller_second_type_counts_and_by_its_share() -> None:
    sizes = np.array([300.0, 100.0, 1.0])
    second = SecondTypes(np.array([1, 1, 0, -1, 2], np.int32), np.array([0.1, 0.5, 0.5, 0.0, 0.5], np.float32))
    smaller = smaller_by(second, np.array([0, 0, 1, 0, 0]), sizes)
    np.testing.assert_allclose(smaller, [0.5 * np.log(3), np.log(3), 0, 0, 2], rtol=1e-6)
