"""Groups of cells that look like cells of a class that the model does not have."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.query import open_query
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.annotation.unknown import hidden_classes
from spatialcore.annotation.unknown.hidden_classes import (
    QuerySample,
    fit_ridge,
    lower_suspected,
    suspicions,
    weighted_quantile,
)
from spatialcore.annotation.unknown.query_clusters import small_clusters
from tests.annotation.conftest import as_adata, simulate

N_TYPES, UNSEEN = 6, 5
Query = tuple[Path, AnnData, np.ndarray]


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    """Return a model of five types, and a query of these and a sixth, a sister of the fifth."""
    rng = np.random.default_rng(5)
    _, _, profiles = simulate(1, N_TYPES, 120, 100, rng)
    profiles[UNSEEN] = 0.5 * profiles[4] + 0.5 * profiles[UNSEEN]
    reference = as_adata(*simulate(900, UNSEEN, 120, 1500, rng, profiles[:UNSEEN])[:2])
    measured = profiles * rng.lognormal(0, 0.8, 120)
    counts, truth, _ = simulate(1200, N_TYPES, 120, 120, rng, measured / measured.sum(axis=1, keepdims=True))
    adata = as_adata(counts, truth, logged=False)
    path = tmp_path_factory.mktemp("hidden") / "model.pkl"
    train_celltypist_model(reference, output_path=path, trainer="logistic", query=adata)
    return path, adata, truth


@pytest.fixture(scope="module")
def sample(query: Query) -> QuerySample:
    path, adata, _ = query
    model = load_model(path)
    expression = open_query(adata, model.genes)
    counts = expression.counts(np.arange(adata.n_obs))
    genes = expression.genes.model
    scorer = Scorer.build(
        model.linear,
        model.target_sum,
        model.second,
        model.profiles,
        genes,
        with_pair_gain=model.calibration is not None and model.calibration.pair_gain_slope is not None,
    )
    sample = QuerySample.of(model, scorer, counts, small_clusters(counts).assign(counts), genes)
    assert sample is not None
    return sample


def suspicion_of_cells(sample: QuerySample) -> np.ndarray:
    return suspicions(sample, int(sample.cluster.max()) + 1)[sample.cluster, sample.scores.argmax(axis=1)]


def test_cells_of_an_unseen_type_lose_most(query: Query, sample: QuerySample) -> None:
    unseen = query[2] == UNSEEN
    suspicion = suspicion_of_cells(sample)
    assert roc_auc_score(unseen, suspicion) > 0.8
    assert suspicion[unseen].mean() > 3 * suspicion[~unseen].mean()


def test_a_fifth_of_the_confident_cells_loses_anything(sample: QuerySample) -> None:
    groups = sample.groups(np.arange(UNSEEN))
    confident = groups.confidence >= 0.5
    assert 0 < (suspicion_of_cells(sample)[confident] > 0).mean() <= 0.2


def test_features_by_their_definition(sample: QuerySample) -> None:
    groups = sample.groups(np.arange(UNSEEN))
    medians = []
    for j in np.flatnonzero(np.bincount(groups.group) >= 10):
        cells = groups.group == j
        shares = np.asarray(sample.counts[cells].sum(axis=0), dtype=float).ravel()
        logs = np.log([shares / shares.sum() + 0.1 / 120, sample.reference[groups.best[j]] + 0.1 / 120])
        medians.append(np.corrcoef(logs)[0, 1] - groups.features[j, 1])
        assert groups.features[j, 0] == pytest.approx(logit(groups.confidence[cells]).mean())
    assert len(medians) > 5
    np.testing.assert_allclose(medians, medians[0])
    assert 0.0 in groups.features[:, 1]  # of the median group


def test_a_class_that_is_hidden_gets_no_cells(sample: QuerySample) -> None:
    without = sample.groups(np.array([0, 1, 3, 4]))
    assert set(without.best) <= {0, 1, 3, 4}
    moved = sample.scores.argmax(axis=1) == 2
    assert without.features[without.group[moved], 3].mean() < without.features[without.group[~moved], 3].mean()


def test_nothing_is_lost_where_too_few_classes_can_be_hidden(
    sample: QuerySample, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert suspicion_of_cells(sample).any()
    monkeypatch.setattr(hidden_classes, "FEWEST_CELLS", sample.counts.shape[0])
    assert not suspicion_of_cells(sample).any()


def test_a_model_that_is_not_matched_has_no_sample(query: Query, sample: QuerySample) -> None:
    model = replace(load_model(query[0]), reference_profiles=None)
    genes = np.arange(len(model.genes))
    assert QuerySample.of(model, sample.scorer, sample.counts, sample.cluster, genes) is None


def test_the_confidence_falls_smoothly_and_not_below_the_limit() -> None:
    confidence, suspicion = np.array([0.95, 0.95, 0.65, 0.4, 1.0]), np.array([0.0, 1.0, 9.0, 9.0, 1e9])
    np.testing.assert_allclose(lower_suspected(confidence, suspicion), [0.95, 0.8, 0.65, 0.4, 0.65])
    grid = np.linspace(0, 1, 101)
    lowered = lower_suspected(np.tile(grid, (50, 1)), np.linspace(0, 20, 50)[:, None])
    assert (np.diff(lowered, axis=1) > 0).all()
    assert (np.diff(lowered, axis=0)[:, grid > 0.66] < 0).all()
    assert len(np.unique(lower_suspected(np.linspace(0.7, 0.99, 1000), np.full(1000, 5.0)).round(4))) > 400


def test_the_regression_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    table, weights = rng.normal(size=(200, 4)), rng.random(200)
    target = (table[:, 0] + rng.normal(size=200) > 0.4).astype(float)
    fit = LogisticRegression(C=1 / 0.1, tol=1e-10).fit(table, target, sample_weight=weights)
    with_intercept = np.column_stack([table, np.ones(200)])
    coefficients = fit_ridge(with_intercept, target, weights, np.array([0.1] * 4 + [0.0]))
    np.testing.assert_allclose(coefficients, [*fit.coef_[0], fit.intercept_[0]], rtol=1e-4)


def test_the_quantile_counts_weights() -> None:
    values = np.random.default_rng(0).normal(size=101)
    assert weighted_quantile(values, np.ones(101), 0.5) == np.median(values)
    assert weighted_quantile(values, np.where(values > 1, 1.0, 0.0), 0.0) <= weighted_quantile(values, values > 1, 0.5)


def test_it_is_applied_last_and_only_below_the_other_confidence(query: Query) -> None:
    path, adata, truth = query
    calls = annotate_celltypist(adata, custom_model_path=path, confidence_transform="calibrated", copy=True)
    again = annotate_celltypist(
        adata, custom_model_path=path, confidence_transform="calibrated", batch_size=100, copy=True
    )
    np.testing.assert_allclose(calls.obs[columns.CONFIDENCE], again.obs[columns.CONFIDENCE], rtol=1e-6)
    passing = calls.obs[columns.CONFIDENCE] >= 0.8
    assert passing[truth == UNSEEN].mean() < 0.5 * passing[truth != UNSEEN].mean()
