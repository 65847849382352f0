"""The likelihood of the mixture, and the estimate of known shares."""

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.spillover.mixture import N_SIZES, SHARES, Block, fit_shares, log_likelihood, posterior

RNG = np.random.default_rng(0)
K, G = 4, 60
PROFILES = RNG.dirichlet(np.full(G, 0.3), K) * 0.95 + 0.05 / G


def block_of(n: int, share: float, composition: np.ndarray, depth: int = 150) -> tuple[Block, np.ndarray]:
    """Return cells of random classes that contain a share of the profile of their neighbourhood."""
    codes = RNG.integers(0, K, n)
    means = (1 - share) * PROFILES[codes] + share * composition @ PROFILES
    counts = np.stack([RNG.multinomial(depth, mean) for mean in means])
    likelihood = counts @ np.log(PROFILES).T * 0.2
    probabilities = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    table = sparse.csr_matrix(counts.astype(np.float32))
    size = RNG.integers(0, N_SIZES, n)
    return Block.of(table, probabilities.astype(np.float32), composition.astype(np.float32), size), codes


def test_likelihood_agrees_with_the_formula() -> None:
    block, _ = block_of(5, 0.3, RNG.dirichlet(np.ones(K), 5))
    result = log_likelihood(block, PROFILES)
    for i in range(5):
        for j, k in enumerate(block.candidates[i]):
            for s, share in enumerate(SHARES):
                mean = (1 - share) * PROFILES[k] + share * block.composition[i] @ PROFILES
                expected = block.counts[i].toarray()[0] @ np.log(mean)
                assert result[i, j, s] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.45])
def test_the_share_of_the_neighbourhood_is_recovered(share: float) -> None:
    block, codes = block_of(400, share, RNG.dirichlet(np.full(K, 0.5), 400))
    likelihood = log_likelihood(block, PROFILES)
    result = posterior(block, likelihood, fit_shares(block, likelihood))
    expected = share * (1 - block.composition[np.arange(400), codes])
    assert result.foreign_share(block).mean() == pytest.approx(expected.mean(), abs=0.04)


def test_neighbours_of_the_same_type_are_not_foreign() -> None:
    codes = RNG.integers(0, K, 200)
    block, _ = block_of(200, 0.0, np.eye(K)[codes])
    first_candidates = np.eye(K, dtype=np.float32)[block.candidates[:, 0]]
    similar = block.among(first_candidates)
    likelihood = log_likelihood(similar, PROFILES)
    assert posterior(similar, likelihood, fit_shares(similar, likelihood)).foreign_share(similar).mean() < 0.02


def test_the_lead_is_that_of_the_likelihoods_averaged_over_shares() -> None:
    block, _ = block_of(6, 0.3, RNG.dirichlet(np.ones(K), 6))
    likelihood = log_likelihood(block, PROFILES)
    prior = fit_shares(block, likelihood)
    lead = posterior(block, likelihood, prior).lead(np.full(6, 150.0))
    for i in range(6):
        mean = [
            np.log(np.average(np.exp(0.7 * (one - one.max())), weights=prior[block.size[i]])) / 0.7 + one.max()
            for one in likelihood[i]
        ]
        assert lead[i] == pytest.approx((mean[0] - max(mean[1:])) / np.sqrt(150), abs=1e-4)


def test_a_call_that_the_neighbourhood_explains_has_no_lead() -> None:
    """A cell of class 1 half of whose counts are of class 0 is called so: amid class 0 it may be of class 1."""
    counts = sparse.csr_matrix(np.rint(200 * PROFILES[[0, 0]] + 100 * PROFILES[[1, 1]]).astype(np.float32))
    composition = np.eye(K, dtype=np.float32)[[0, 2]]
    block = Block.of(counts, np.array([[0.9, 0.1, 0, 0]] * 2, np.float32), composition, np.ones(2, int))
    shares = np.full((N_SIZES, len(SHARES)), 1 / len(SHARES))
    among_class_0, elsewhere = posterior(block, log_likelihood(block, PROFILES), shares).lead(np.full(2, 300.0))
    assert among_class_0 < 0 < elsewhere


def test_probabilities_sum_to_one() -> None:
    block, _ = block_of(50, 0.3, RNG.dirichlet(np.ones(K), 50))
    likelihood = log_likelihood(block, PROFILES)
    prior = fit_shares(block, likelihood)
    result = posterior(block, likelihood, prior)
    np.testing.assert_allclose(prior.sum(axis=1), 1)
    np.testing.assert_allclose(result.classes.sum(axis=1), 1)
    np.testing.assert_allclose(result.shares.sum(axis=2), 1)


def test_shares_are_estimated_for_each_relative_size() -> None:
    composition = RNG.dirichlet(np.full(K, 0.5), 300)
    parts = [block_of(300, share, composition)[0] for share in (0.0, 0.45)]
    counts = sparse.csr_matrix(sparse.vstack([part.counts for part in parts]))
    candidates, log_prior = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("candidates", "log_prior")
    )
    places = np.concatenate([composition, composition]).astype(np.float32)
    block = Block(counts, candidates, log_prior, places, np.repeat([0, 2], 300))
    small, _, large = fit_shares(block, log_likelihood(block, PROFILES)) @ SHARES
    assert small < 0.06
    assert large > 0.3


def test_by_place_classes_of_the_neighbourhood_are_more_probable() -> None:
    block, _ = block_of(50, 0.0, np.tile([1.0, 0, 0, 0], (50, 1)))
    likelihood = log_likelihood(block, PROFILES)
    prior = fit_shares(block, likelihood)
    plain, placed = (posterior(block, likelihood, prior, by_place=by_place).classes for by_place in (False, True))
    of_place = block.candidates == 0
    assert (placed[of_place] >= plain[of_place]).all()
    odds = placed / plain
    expected = (0.9 + 0.1 / K) ** 0.25 / (0.1 / K) ** 0.25  # odds of the class that is there, against any other
    for i in range(50):
        assert odds[i][of_place[i]][0] / odds[i][~of_place[i]][0] == pytest.approx(expected)
