"""Votes of class profiles in the linear model."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import linregress

from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.training.fitting import FittedModels, fit_models
from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.estimate import Platform, estimate_platform
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.profile_vote import (
    QUERY_VOTE,
    REFERENCE_VOTE,
    ImagedQuery,
    ShareLines,
    add_votes,
    query_class_profiles,
)
from spatialcore.core.normalization import log1p_normalize
from tests.annotation.conftest import simulate

GENES, TOTAL = 12, 40.0


@pytest.fixture
def counts(rng: np.random.Generator) -> sparse.csr_matrix:
    shares = rng.dirichlet(np.full(GENES, 0.7), 300)
    return sparse.csr_matrix(np.vstack([rng.poisson(50 * shares), np.zeros(GENES)]).astype(np.float32))


def plain(n_classes: int, rng: np.random.Generator) -> Standardized:
    rows = 1 if n_classes == 2 else n_classes
    return Standardized(
        rng.normal(size=(rows, GENES)), rng.normal(size=rows), rng.random(GENES), 0.5 + rng.random(GENES)
    )


def test_lines_are_those_of_linear_regression(counts: sparse.csr_matrix) -> None:
    lines = ShareLines.of(counts, TOTAL)
    filled = counts[:-1]
    values = log1p_normalize(filled, TOTAL).toarray()
    shares = filled.toarray() / filled.toarray().sum(axis=1, keepdims=True)
    fits = [linregress(values[:, g], shares[:, g]) for g in range(GENES)]
    np.testing.assert_allclose(lines.slope, [fit.slope for fit in fits], rtol=1e-4)
    np.testing.assert_allclose(lines.start, [fit.intercept for fit in fits], atol=1e-6)


def test_a_gene_without_counts_has_no_slope() -> None:
    lines = ShareLines.of(sparse.csr_matrix([[4.0, 0.0], [0.0, 0.0]]), TOTAL)
    assert lines.slope.tolist() == [0.0, 0.0]
    assert lines.start.tolist() == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_vote_is_the_log_likelihood_of_the_lines(
    n_classes: int, counts: sparse.csr_matrix, rng: np.random.Generator
) -> None:
    lines, profiles = ShareLines.of(counts, TOTAL), rng.dirichlet(np.ones(GENES), n_classes)
    vote = lines.vote(profiles, plain(n_classes, rng))
    values = log1p_normalize(counts, TOTAL)
    scores = vote.on_genes().scores(values)
    expected = (lines.start + values.toarray() * lines.slope) @ np.log(profiles).T
    if n_classes == 2:  # the two columns are -s and s
        scores /= 2
    scores, expected = (table - table.mean(axis=1, keepdims=True) for table in (scores, expected))
    np.testing.assert_allclose(scores - scores[0], expected - expected[0], rtol=1e-5, atol=1e-6)


def test_models_of_several_queries_share_the_weights(counts: sparse.csr_matrix, rng: np.random.Generator) -> None:
    queries = [ImagedQuery.of(counts, TOTAL), ImagedQuery.of(counts[:50], 2 * TOTAL)]
    first = plain(3, rng)
    models = [first, replace(first, mean=first.mean + 1), replace(first, scale=2 * first.scale)]
    profiles = rng.dirichlet(np.ones(GENES), (3, 3))
    voted = add_votes(models, queries, list(profiles), 0.0)
    assert all((one.coef == voted[0].coef).all() and (one.intercept == voted[0].intercept).all() for one in voted)
    votes = [query.lines.vote(one, model).coef for query, one, model in zip(queries, profiles, models, strict=False)]
    np.testing.assert_allclose(voted[0].coef, first.coef + REFERENCE_VOTE * (votes[0] + votes[1]) / 2)


def fitted_models() -> tuple[FittedModels, sparse.csr_matrix, np.ndarray]:
    rng = np.random.default_rng(4)
    reference, codes, profiles = simulate(600, 3, 50, 1500, rng)
    counts, truth, _ = simulate(900, 3, 50, 200, rng, profiles)
    depths = np.asarray(counts.sum(axis=1), dtype=float).ravel()
    target = TargetPlatform(platform=Platform(depths, np.ones(50), 0.0, np.full(50, 1 / 50)))
    return fit_models(LabelledCounts.of(reference, codes, 3), target, rng), counts, truth


def test_query_class_profiles_are_the_means_of_the_called_cells() -> None:
    models, counts, truth = fitted_models()
    profiles = query_class_profiles(models.primary, models.target_sum, models.profiles, counts)
    np.testing.assert_allclose(profiles.sum(axis=1), 1)
    shares = counts.toarray() / counts.toarray().sum(axis=1, keepdims=True)
    means = np.array([shares[truth == k].mean(axis=0) for k in range(3)])
    np.testing.assert_allclose(profiles, 0.98 * means + 0.02 * shares.mean(axis=0), atol=0.005)


def test_profiles_of_the_query_correct_a_reference_of_another_study() -> None:
    """The types of the query differ from the reference; the vote of the query's class means reduces wrong calls."""
    rng = np.random.default_rng(8)
    similar = 0.8 * rng.dirichlet(np.full(60, 0.5)) + 0.2 * rng.dirichlet(np.full(60, 0.5), 8)
    reference, codes, profiles = simulate(800, 8, 60, 1500, rng, similar)
    other = profiles * rng.lognormal(0, 0.4, profiles.shape)
    counts, truth, _ = simulate(2000, 8, 60, 100, rng, other / other.sum(axis=1, keepdims=True))
    cells = LabelledCounts.of(reference, codes, 8)
    target = TargetPlatform(platform=estimate_platform(cells.profiles, counts))
    imaged = replace(target, imaged=ImagedQuery.of(counts, target.target_sum))
    right = []
    for one, weight in ((target, 0.0), (imaged, 0.0), (imaged, QUERY_VOTE)):
        models = fit_models(cells, one, np.random.default_rng(0), query_vote=weight)
        scores = models.primary.on_genes().scores(log1p_normalize(counts, models.target_sum))
        right.append((scores.argmax(axis=1) == truth).mean())
    assert 0.4 < right[0] < 0.95
    assert right[2] > max(right[:2]) + 0.01
