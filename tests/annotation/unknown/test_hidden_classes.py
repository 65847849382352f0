"""Groups of cells that look like cells of a class that the model does not have."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.unknown import hidden_classes
from spatialcore.annotation.unknown.hidden_classes import fit_ridge, log_odds, lower_suspected, suspicions
from spatialcore.annotation.unknown.query_sample import QuerySample
from tests.annotation.unknown.conftest import UNSEEN, SisterQuery


def suspicion_of_cells(sample: QuerySample) -> np.ndarray:
    return suspicions(sample, int(sample.cluster.max()) + 1, None)[sample.cluster, sample.scores.argmax(axis=1), 0]


def test_cells_of_an_unseen_type_lose_most(sister_query: SisterQuery, sister_sample: QuerySample) -> None:
    unseen = sister_query[2] == UNSEEN
    suspicion = suspicion_of_cells(sister_sample)
    assert roc_auc_score(unseen, suspicion) > 0.75
    assert suspicion[unseen].mean() > 3 * suspicion[~unseen].mean()


def test_nothing_is_lost_in_a_query_of_few_clusters(
    sister_sample: QuerySample, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_clusters = int(sister_sample.cluster.max()) + 1
    monkeypatch.setattr(hidden_classes, "MIN_CLUSTERS", n_clusters)
    assert suspicion_of_cells(sister_sample).any()
    monkeypatch.setattr(hidden_classes, "MIN_CLUSTERS", n_clusters + 1)
    assert not suspicion_of_cells(sister_sample).any()


def test_the_limit_is_higher_in_a_small_query(sister_sample: QuerySample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hidden_classes, "SMALL_QUERY", 0)
    usual = suspicion_of_cells(sister_sample)
    monkeypatch.setattr(hidden_classes, "SMALL_QUERY", 10_000)
    small = suspicion_of_cells(sister_sample)
    np.testing.assert_allclose(small, np.maximum(usual - hidden_classes.SLOPE * hidden_classes.SMALL_QUERY_LIMIT, 0))
    assert (usual > 0).sum() > (small > 0).sum()


def test_log_odds_differ_less_where_hidden_classes_look_like_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    features, weights, is_hidden = rng.normal(size=(400, 4)), np.full(400, 1 / 400), np.repeat([0.0, 1.0], 200)
    shifted = features - 2 * is_hidden[:, None]
    alike, different = (log_odds(table, is_hidden, weights, table) for table in (features, shifted))
    assert roc_auc_score(is_hidden, different) > 0.95
    monkeypatch.setattr(hidden_classes, "SLOPE_PENALTY", 1e9)
    assert np.ptp(alike) < 0.5 * np.ptp(log_odds(features, is_hidden, weights, features))
    assert np.ptp(different) > np.ptp(log_odds(shifted, is_hidden, weights, shifted))


def test_nothing_is_lost_where_too_few_classes_can_be_hidden(
    sister_sample: QuerySample, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert suspicion_of_cells(sister_sample).any()
    monkeypatch.setattr(hidden_classes, "MIN_CELLS", sister_sample.counts.shape[0])
    assert not suspicion_of_cells(sister_sample).any()


def test_terms_are_doubted_no_more_than_the_class(sister_query: SisterQuery, sister_sample: QuerySample) -> None:
    best, names = sister_sample.scores.argmax(axis=1), tuple("abcde")
    ids = ("CL:0000066", "CL:0002076", "CL:0000312", "CL:0000624", "CL:0000625")
    tree = ClassTree.build(names, dict(zip(names, ids, strict=True)))
    table = suspicions(sister_sample, int(sister_sample.cluster.max()) + 1, tree)
    assert table.shape[1:] == tree.paths.shape
    assert (np.diff(table, axis=2) <= 0).all()
    np.testing.assert_array_equal(table[sister_sample.cluster, best, 0], suspicion_of_cells(sister_sample))
    assert table[sister_sample.cluster, best, 0][(sister_query[2] == UNSEEN) & (best == 4)].mean() > 0.3


def test_the_confidence_falls_smoothly_and_not_below_the_limit() -> None:
    confidence, suspicion = np.array([0.95, 0.95, 0.72, 0.4, 1.0]), np.array([0.0, 1.0, 9.0, 9.0, 1e9])
    np.testing.assert_allclose(lower_suspected(confidence, suspicion), [0.95, 0.835, 0.72, 0.4, 0.72])
    grid = np.linspace(0, 1, 101)
    lowered = lower_suspected(np.tile(grid, (50, 1)), np.linspace(0, 20, 50)[:, None])
    assert (np.diff(lowered, axis=1) > 0).all()
    assert (np.diff(lowered, axis=0)[:, grid > 0.73] < 0).all()
    assert len(np.unique(lower_suspected(np.linspace(0.7, 0.99, 1000), np.full(1000, 5.0)).round(4))) > 400


def test_it_is_applied_last_and_only_below_the_other_confidence(sister_query: SisterQuery) -> None:
    path, adata, truth = sister_query
    calls = annotate_celltypist(adata, custom_model_path=path, confidence_transform="calibrated", copy=True)
    again = annotate_celltypist(
        adata, custom_model_path=path, confidence_transform="calibrated", batch_size=100, copy=True
    )
    np.testing.assert_allclose(calls.obs[columns.CONFIDENCE], again.obs[columns.CONFIDENCE], rtol=1e-6)
    passing = calls.obs[columns.CONFIDENCE] >= 0.8
    assert passing[truth == UNSEEN].mean() < 0.5 * passing[truth != UNSEEN].mean()


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
