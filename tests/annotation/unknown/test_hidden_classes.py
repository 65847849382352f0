"""Groups of cells that look like cells of a class that the model does not have."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from spatialcore.annotation.unknown import hidden_classes
from spatialcore.annotation.unknown.hidden_classes import fit_ridge, group_odds, log_odds
from spatialcore.annotation.unknown.query_sample import QuerySample
from tests.annotation.unknown.conftest import UNSEEN, SisterQuery


def test_groups_of_an_unseen_type_have_higher_log_odds(sister_query: SisterQuery, sister_sample: QuerySample) -> None:
    unseen = sister_query[2] == UNSEEN
    groups = sister_sample.groups(np.arange(sister_sample.scores.shape[1]))
    odds, compared = group_odds(sister_sample, groups)
    assert compared
    assert roc_auc_score(unseen, odds[groups.group]) > 0.8


def test_the_usual_coefficients_rank_groups_where_no_class_can_be_hidden(
    sister_query: SisterQuery, sister_sample: QuerySample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hidden_classes, "MIN_CELLS", sister_sample.counts.shape[0])
    groups = sister_sample.groups(np.arange(sister_sample.scores.shape[1]))
    odds, compared = group_odds(sister_sample, groups)
    assert not compared
    assert roc_auc_score(sister_query[2] == UNSEEN, odds[groups.group]) > 0.75


def test_log_odds_differ_less_where_hidden_classes_look_like_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    features, weights, is_hidden = rng.normal(size=(400, 4)), np.full(400, 1 / 400), np.repeat([0.0, 1.0], 200)
    shifted = features - 2 * is_hidden[:, None]
    alike, different = (log_odds(table, is_hidden, weights, table) for table in (features, shifted))
    assert roc_auc_score(is_hidden, different) > 0.95
    monkeypatch.setattr(hidden_classes, "SLOPE_PENALTY", 1e9)
    assert np.ptp(alike) < 0.5 * np.ptp(log_odds(features, is_hidden, weights, features))
    assert np.ptp(different) > np.ptp(log_odds(shifted, is_hidden, weights, shifted))


def test_without_a_prior_the_regression_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    table, weights = rng.normal(size=(200, 4)), rng.random(200)
    target = (table[:, 0] + rng.normal(size=200) > 0.4).astype(float)
    fit = LogisticRegression(C=1 / 0.1, tol=1e-10).fit(table, target, sample_weight=weights)
    with_intercept = np.column_stack([table, np.ones(200)])
    coefficients = fit_ridge(with_intercept, target, weights, np.array([0.1] * 4 + [0.0]), np.zeros(5))
    np.testing.assert_allclose(coefficients, [*fit.coef_[0], fit.intercept_[0]], rtol=1e-4)


def test_with_a_prior_the_regression_has_the_smallest_loss() -> None:
    rng = np.random.default_rng(3)
    table, weights = np.column_stack([rng.normal(size=(100, 2)), np.ones(100)]), rng.random(100)
    target, penalty, prior = (
        rng.integers(0, 2, 100).astype(float),
        np.array([3.0, 3.0, 0.0]),
        np.array([-1.0, 2.0, 0.0]),
    )

    def loss(b: np.ndarray) -> float:
        z = table @ b
        return float(weights @ (np.logaddexp(0, z) - target * z) + 0.5 * penalty @ (b - prior) ** 2)

    expected = minimize(loss, np.zeros(3), tol=1e-10).x
    np.testing.assert_allclose(fit_ridge(table, target, weights, penalty, prior), expected, atol=1e-4)
