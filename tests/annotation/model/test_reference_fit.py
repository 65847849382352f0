"""How much of the differences between clusters of a query the class profiles explain."""

import numpy as np
import pytest

from spatialcore.annotation.model.reference_fit import (
    FEW_GENES,
    MIN_CELLS,
    MISFIT,
    ReferenceFit,
    divergence,
    mean_agreement,
    measure_fit,
)
from spatialcore.core.types import Floats

GENES, CLASSES, CLUSTERS, CELLS = 80, 4, 12, 720


def some_profiles(seed: int) -> Floats:
    shares = np.random.default_rng(seed).dirichlet(np.full(GENES, 0.4), CLASSES) + 2e-3
    normalized: Floats = shares / shares.sum(axis=1, keepdims=True)
    return normalized


def pooled_counts(profiles: Floats, seed: int = 0, counts: int = 9_000) -> Floats:
    """Return the counts of clusters; the types alternate."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(counts, profiles[np.arange(CLUSTERS) % len(profiles)]).astype(float)


def test_the_profiles_of_the_clusters_explain_all() -> None:
    profiles = some_profiles(1)
    fit = measure_fit(pooled_counts(profiles), profiles, CELLS)
    assert fit.explained == pytest.approx(1, abs=0.02)
    assert not fit.is_misfit
    assert fit.reason == ""
    assert fit.discount == 0


def test_profiles_of_other_types_explain_little() -> None:
    fit = measure_fit(pooled_counts(some_profiles(1)), some_profiles(2), CELLS)
    assert fit.explained < 0.2
    assert fit.is_misfit
    assert "explain" in fit.reason
    assert fit.discount > 5


def test_a_profile_fitted_to_the_mean_does_not_explain_the_types() -> None:
    # the efficiencies map one unrelated class to the mean of the query, so all cells are called so
    profiles, foreign = some_profiles(1), some_profiles(2)
    foreign[0] = profiles.mean(axis=0)
    fit = measure_fit(pooled_counts(profiles), foreign, CELLS)
    assert fit.is_misfit


def test_a_query_of_one_type_is_not_a_misfit() -> None:
    profiles = some_profiles(1)
    fit = measure_fit(pooled_counts(profiles[:1]), profiles, CELLS)
    assert fit.explained > 0.9


def test_a_query_of_mainly_one_type_is_not_compared_with_its_mean() -> None:
    profiles = some_profiles(1)
    blurred = 0.6 * profiles + 0.4 * profiles.mean(axis=0)
    counts = np.random.default_rng(0).multinomial(9_000, profiles[np.array([0] * 19 + [1])]).astype(float)
    assert measure_fit(counts, blurred, CELLS).explained > 0.6


def test_the_share_by_its_definition() -> None:
    profiles, blurred = some_profiles(1), 0.6 * some_profiles(1) + 0.4 * some_profiles(1).mean(axis=0)
    mean = profiles.mean(axis=0)
    reached = float((profiles * np.log(blurred / mean)).sum(axis=1).mean())
    possible = float((profiles * np.log(profiles / mean)).sum(axis=1).mean())
    fit = measure_fit(1e6 * profiles, blurred, CELLS)  # enough counts that sampling does not matter
    assert fit.explained == pytest.approx((reached + 0.1) / (possible + 0.1), abs=1e-3)


def measured(reference: Floats, efficiency: Floats) -> Floats:
    shares = reference * efficiency
    normalized: Floats = shares / shares.sum(axis=1, keepdims=True)
    return normalized


def varied_counts(shares: Floats, rng: np.random.Generator) -> Floats:
    """Return the counts of clusters of one type that differ in ways that no profile describes."""
    return rng.poisson(9_000 * shares * rng.gamma(0.5, 2.0, (CLUSTERS, GENES))).astype(float)


def test_a_query_of_one_type_with_unexplained_clusters_agrees_with_its_reference(
    rng: np.random.Generator,
) -> None:
    reference, efficiency = some_profiles(1), rng.lognormal(0, 0.6, GENES)
    profiles = measured(reference, efficiency)
    counts = varied_counts(profiles[0], rng)
    assert measure_fit(counts, profiles, CELLS).is_misfit  # from the explained share only
    assert not measure_fit(counts, profiles, CELLS, reference).is_misfit


def test_a_query_of_one_type_of_another_tissue_does_not_agree(rng: np.random.Generator) -> None:
    profile, reference = some_profiles(1)[0], some_profiles(2)
    profiles = measured(reference, profile / reference[0])  # the first class equals the mean of the query
    counts = rng.multinomial(9_000, profile, size=CLUSTERS).astype(float)
    assert not measure_fit(counts, profiles, CELLS).is_misfit
    fit = measure_fit(counts, profiles, CELLS, reference)
    assert fit.is_misfit
    assert "correlation of" in fit.reason
    assert fit.discount > 5


def test_agreement_is_the_correlation_over_the_genes(rng: np.random.Generator) -> None:
    reference, counts = some_profiles(1), np.zeros((2, GENES))
    counts[:] = rng.poisson(500 * some_profiles(3)[:2])
    nearest = np.array([max(range(CLASSES), key=lambda k, x=x: float(x @ np.log(reference[k]))) for x in counts])
    expected = np.average(reference[nearest], axis=0, weights=counts.sum(axis=1))
    observed = counts.sum(axis=0) / counts.sum()
    by_hand = np.corrcoef(np.log(observed + 0.1 / GENES), np.log(expected + 0.1 / GENES))[0, 1]
    assert mean_agreement(counts, reference, 7 * reference) == pytest.approx(by_hand)


def test_agreement_does_not_depend_on_how_many_types_are_present(rng: np.random.Generator) -> None:
    reference = some_profiles(1)
    profiles = measured(reference, rng.lognormal(0, 0.5, GENES))
    for present in (1, 2, CLASSES):
        assert (mean_agreement(pooled_counts(profiles[:present]), profiles, reference) or 0) > 0.7
        assert (mean_agreement(pooled_counts(some_profiles(2)[:present]), profiles, reference) or 0) < 0.4


def test_with_few_genes_the_difference_must_be_larger() -> None:
    odds = [ReferenceFit(0.3, CELLS, 0.4, n, 0.0).log_odds for n in (10, 20, FEW_GENES, 400)]
    assert odds == sorted(odds, reverse=True)
    assert odds[2] == odds[3]


def test_no_agreement_without_counts_or_without_differences() -> None:
    assert mean_agreement(np.zeros((2, 3)), np.ones((2, 3)), np.ones((2, 3))) is None
    assert mean_agreement(np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3))) is None


def test_few_cells_give_no_estimate() -> None:
    fit = ReferenceFit(-1.0, MIN_CELLS - 1)
    assert not fit.is_misfit
    assert fit.discount == 0
    assert ReferenceFit(-1.0, MIN_CELLS).is_misfit


def test_the_discount_starts_at_the_bound() -> None:
    assert ReferenceFit(MISFIT, CELLS).discount == 0
    assert ReferenceFit(MISFIT - 0.01, CELLS).discount == pytest.approx(0.8)
    assert ReferenceFit(-1.0, CELLS).discount == 8


def test_no_counts() -> None:
    fit = measure_fit(np.zeros((2, GENES)), some_profiles(1), 0)
    assert fit.explained == 1
    assert fit.discount == 0


def test_divergence_is_zero_for_a_profile_and_grows_with_the_difference(rng: np.random.Generator) -> None:
    profiles = rng.dirichlet(np.ones(50), 3)
    counts = rng.multinomial(5_000, profiles[1], size=200).astype(float)
    assert divergence(counts, profiles).mean() == pytest.approx(0.0, abs=5e-4)
    other = rng.dirichlet(np.ones(50))
    counts = rng.multinomial(5_000, other, size=1).astype(float)
    by_hand = min(float((other * np.log(other / profile)).sum()) for profile in profiles)
    assert divergence(counts, profiles)[0] == pytest.approx(by_hand, rel=0.05)
    assert divergence(counts, 7 * profiles)[0] == pytest.approx(divergence(counts, profiles)[0])
