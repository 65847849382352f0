"""The parts of the calibration, compared with scipy, scikit-learn and simulated data."""

import json

import numpy as np
import pytest
from scipy import sparse
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from spatialcore.annotation.model import calibration as module
from spatialcore.annotation.model.calibration import (
    Calibration,
    CalibrationFeatures,
    ProfileTest,
    fit_calibration,
    fit_temperature,
    log_probability,
    margin,
)


def test_margin_and_log_probability_are_those_of_the_softmax(rng: np.random.Generator) -> None:
    scores = rng.normal(0, 3, (50, 4))
    best = scores.argmax(axis=1)
    p = np.exp(log_softmax(scores / 2.5, axis=1))[np.arange(50), best]
    np.testing.assert_allclose(margin(scores, best, 2.5), np.log(p / (1 - p)))
    np.testing.assert_allclose(log_probability(scores, best), log_softmax(scores, axis=1)[np.arange(50), best])


def test_hidden_classes_are_not_in_the_margin() -> None:
    scores = np.array([[1.0, -np.inf, 0.0], [2.0, -np.inf, -np.inf]])
    assert margin(scores, np.array([0, 0]), 1.0).tolist() == [pytest.approx(1.0), 1e3]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_of_simulated_scores_is_estimated(temperature: float, rng: np.random.Generator) -> None:
    logits = rng.normal(0, 2, (4000, 3))
    p = np.exp(log_softmax(logits, axis=1))
    truth = (p.cumsum(axis=1) < rng.random((4000, 1))).sum(axis=1)
    fitted = fit_temperature(logits * temperature, truth, np.full(4000, 1 / 4000))
    assert fitted == pytest.approx(temperature, rel=0.1)


def test_the_deviance_of_cells_drawn_from_the_profile_is_standard(rng: np.random.Generator) -> None:
    profiles = rng.dirichlet(np.ones(40), 3)
    codes = rng.integers(0, 3, 2000)
    counts = sparse.csr_matrix(np.stack([rng.multinomial(150, profiles[k]) for k in codes]).astype(float))
    test = ProfileTest.from_profiles(profiles * 7)  # profiles need not sum to one
    totals = np.full(2000, 150.0)
    same_class, other_class = test.deviance(counts, totals, codes), test.deviance(counts, totals, (codes + 1) % 3)
    assert same_class.mean() == pytest.approx(0, abs=0.1)
    assert same_class.std() == pytest.approx(1, abs=0.1)
    assert other_class.mean() < -3


def simulated(rng: np.random.Generator, n: int = 3000) -> tuple[CalibrationFeatures, np.ndarray]:
    margins, depth, second = rng.normal(1, 2, n), rng.normal(5, 0.5, n), -rng.exponential(1, n)
    logit = 0.3 + 0.8 * margins + 0.6 * (depth - 5) + 0.5 * second
    right = rng.random(n) < 1 / (1 + np.exp(-logit))
    best = np.zeros(n, dtype=np.intp)
    return CalibrationFeatures(margins, np.exp(depth), np.zeros(n), second, best), right


def test_without_the_ridge_it_is_scikit_learns_regression(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    monkeypatch.setattr(module, "RIDGE", 0.0)
    evidence, right = simulated(rng)
    result = fit_calibration(evidence, right, np.ones(len(right)), 1.0)
    features = result.features(evidence)[:, [0, 1, 3]]
    oracle = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(features, right)
    assert result.intercept == pytest.approx(oracle.intercept_[0], abs=5e-3)
    np.testing.assert_allclose(np.array(result.slopes)[[0, 1, 3]], oracle.coef_[0], atol=5e-3)
    np.testing.assert_allclose(result.probability(evidence), oracle.predict_proba(features)[:, 1], atol=5e-3)


def test_probabilities_are_calibrated_and_slopes_not_negative(rng: np.random.Generator) -> None:
    evidence, right = simulated(rng)
    wrong_sign = CalibrationFeatures(
        evidence.margins, 1 / evidence.totals, evidence.deviance, evidence.auxiliary, evidence.best
    )
    for features in (evidence, wrong_sign):
        fitted = fit_calibration(features, right, np.ones(len(right)), 1.0)
        p = fitted.probability(features)
        assert min(fitted.slopes) >= 0
        assert p.mean() == pytest.approx(right.mean(), abs=0.01)
        for low in (0.0, 0.25, 0.5, 0.75):
            inside = (p >= low) & (p < low + 0.25)
            assert p[inside].mean() == pytest.approx(right[inside].mean(), abs=0.05)


@pytest.mark.parametrize("slope", [None, 0.2])
def test_json_round_trip(slope: float | None) -> None:
    fitted = Calibration(1.5, 0.5, (1.0, 0.1, 0.2, 0.3), 5.0, 0.0, 1.0, slope, judges_fit=True)
    content = json.loads(json.dumps(fitted.to_dict()))
    assert ("pair_gain_slope" in content) == (slope is not None)
    assert Calibration.from_dict(content) == fitted
