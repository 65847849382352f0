"""Scores of counts compared with the dense formula, and the features of the calibration."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import log_softmax

from spatialcore.annotation.model.calibration import ProfileTest, margin
from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.model.pair_gain import PairGain
from spatialcore.annotation.model.scorer import Scorer

N_GENES = 12


def linear(rng: np.random.Generator, rows: int) -> Standardized:
    return Standardized(
        rng.normal(0, 1, (rows, N_GENES)), rng.normal(0, 1, rows), rng.random(N_GENES), rng.random(N_GENES) + 0.1
    )


def dense_scores(model: Standardized, counts: np.ndarray, target: float) -> np.ndarray:
    """Return CellTypist's scores: log1p at a total, standardized, clipped at 10."""
    X = np.log1p(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-300) * target)
    return np.minimum((X - model.mean) / model.scale, 10) @ model.coef.T + model.intercept


@pytest.fixture
def counts(rng: np.random.Generator) -> np.ndarray:
    return rng.poisson(2, (30, N_GENES)).astype(float)


def test_scores_are_those_of_the_dense_formula(counts: np.ndarray, rng: np.random.Generator) -> None:
    model = linear(rng, 3)
    scorer = Scorer.build(model, 500.0)
    np.testing.assert_allclose(
        scorer.scores(sparse.csr_matrix(counts)), dense_scores(model, counts, 500.0), rtol=1e-5, atol=1e-5
    )


def test_genes_left_out_add_nothing(counts: np.ndarray, rng: np.random.Generator) -> None:
    model, genes = linear(rng, 3), np.array([0, 3, 4, 9])
    part = Standardized(model.coef[:, genes], model.intercept, model.mean[genes], model.scale[genes])
    scores = Scorer.build(model, 500.0, genes=genes).scores(sparse.csr_matrix(counts[:, genes]))
    np.testing.assert_allclose(scores, dense_scores(part, counts[:, genes], 500.0), rtol=1e-5, atol=1e-5)


def test_two_classes_have_the_softmax_of_their_probability(counts: np.ndarray, rng: np.random.Generator) -> None:
    primary, auxiliary = linear(rng, 1), linear(rng, 1)
    scorer = Scorer.build(primary, 500.0, auxiliary, rng.dirichlet(np.ones(N_GENES), 2))
    s = dense_scores(auxiliary, counts, 1e4)[:, 0]
    auxiliary = scorer.auxiliary_scores(sparse.csr_matrix(counts))
    np.testing.assert_allclose(np.exp(log_softmax(auxiliary, axis=1))[:, 1], 1 / (1 + np.exp(-s)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("with_pair_gain", [False, True])
def test_the_features_of_the_calibration(counts: np.ndarray, rng: np.random.Generator, with_pair_gain: bool) -> None:
    profiles = rng.dirichlet(np.ones(N_GENES), 3)
    scorer = Scorer.build(linear(rng, 3), 500.0, linear(rng, 3), profiles, with_pair_gain=with_pair_gain)
    cells = sparse.csr_matrix(counts)
    scores, auxiliary = scorer.scores(cells), scorer.auxiliary_scores(cells)
    best = scores.argmax(axis=1)
    features = scorer.evidence(cells, scores, auxiliary, best, 2.0)
    test = ProfileTest.from_profiles(profiles)
    np.testing.assert_array_equal(features.totals, counts.sum(axis=1))
    np.testing.assert_array_equal(features.margins, margin(scores, best, 2.0))
    np.testing.assert_array_equal(features.deviance, test.deviance(cells, counts.sum(axis=1), best))
    np.testing.assert_allclose(features.auxiliary, log_softmax(auxiliary, axis=1)[np.arange(30), best], atol=1e-9)
    if with_pair_gain:
        np.testing.assert_array_equal(features.pair_gain, PairGain(test.logs).of(cells, best))
    else:
        assert features.pair_gain is None


def test_a_model_without_calibration_has_no_features(rng: np.random.Generator) -> None:
    scorer = Scorer.build(linear(rng, 3), 500.0)
    cells = sparse.csr_matrix(np.ones((1, N_GENES)))
    with pytest.raises(TypeError, match="no auxiliary model"):
        scorer.auxiliary_scores(cells)
    with pytest.raises(TypeError, match="no class profiles"):
        scorer.evidence(cells, np.zeros((1, 3)), np.zeros((1, 3)), np.array([0]), 1.0)
