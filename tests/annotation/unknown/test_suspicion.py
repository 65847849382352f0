"""Unseen score and loss of confidence of groups of cells that look like cells of an unseen type."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import roc_auc_score

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.unknown import hidden_classes, suspicion
from spatialcore.annotation.unknown.query_clusters import small_clusters
from spatialcore.annotation.unknown.query_sample import QuerySample
from spatialcore.annotation.unknown.suspicion import UnseenEvidence, lower_suspected, nearby_weights
from tests.annotation.unknown.conftest import UNSEEN, SisterQuery


def evidence_of(sample: QuerySample, tree: ClassTree | None = None) -> UnseenEvidence | None:
    return UnseenEvidence.of(sample, small_clusters(sample.counts).means, tree)


def of_cells(sample: QuerySample, table: np.ndarray) -> np.ndarray:
    return table[sample.cluster, sample.scores.argmax(axis=1)]


def suspicion_of_cells(sample: QuerySample) -> np.ndarray:
    evidence = evidence_of(sample)
    assert evidence is not None
    return of_cells(sample, evidence.suspicion)[:, 0]


def test_cells_of_an_unseen_type_lose_most(sister_query: SisterQuery, sister_sample: QuerySample) -> None:
    unseen = sister_query[2] == UNSEEN
    against = suspicion_of_cells(sister_sample)
    assert roc_auc_score(unseen, against) > 0.75
    assert against[unseen].mean() > 3 * against[~unseen].mean()


def test_the_score_ranks_cells_of_an_unseen_type_higher(sister_query: SisterQuery, sister_sample: QuerySample) -> None:
    unseen, evidence = sister_query[2] == UNSEEN, evidence_of(sister_sample)
    assert evidence is not None
    assert ((evidence.score > 0) & (evidence.score < 1)).all()
    score = of_cells(sister_sample, evidence.score)
    assert roc_auc_score(unseen, score) > max(0.85, roc_auc_score(unseen, -sister_sample.confidence))


def test_without_hidden_classes_there_is_a_score_and_no_suspicion(
    sister_query: SisterQuery, sister_sample: QuerySample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hidden_classes, "MIN_CELLS", sister_sample.counts.shape[0])
    evidence = evidence_of(sister_sample)
    assert evidence is not None
    assert not evidence.suspicion.any()
    assert roc_auc_score(sister_query[2] == UNSEEN, of_cells(sister_sample, evidence.score)) > 0.75


def test_the_weights_of_clusters_are_those_of_the_formula() -> None:
    rng = np.random.default_rng(6)
    centers, cells = rng.normal(size=(7, 3)), np.array([5.0, 0.0, 80.0, 60.0, 40.0, 1.0, 30.0])
    squares = ((centers[:, None] - centers) ** 2).sum(axis=2)
    typical = np.median([np.delete(row, j).min() for j, row in enumerate(squares)])
    expected = np.exp(-squares / (0.7 * typical)) * cells
    weights = nearby_weights(centers, cells, 0.7)
    np.testing.assert_allclose(weights, expected / expected.sum(axis=1, keepdims=True))
    assert (weights[:, 1] == 0).all()


def test_a_distant_cluster_without_cells_takes_the_nearest_one() -> None:
    weights = nearby_weights(np.array([[0.0], [1.0], [2.0], [1e6]]), np.array([9.0, 9.0, 9.0, 0.0]), 0.35)
    np.testing.assert_allclose(weights[3], [0, 0, 1, 0])


def test_equal_centers_share_their_cells() -> None:
    weights = nearby_weights(np.zeros((3, 2)), np.array([10.0, 30.0, 0.0]), 0.35)
    np.testing.assert_allclose(weights, np.tile([0.25, 0.75, 0.0], (3, 1)))


def test_nothing_is_lost_in_a_query_of_few_clusters(
    sister_sample: QuerySample, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_clusters = int(sister_sample.cluster.max()) + 1
    monkeypatch.setattr(suspicion, "MIN_CLUSTERS", n_clusters)
    assert suspicion_of_cells(sister_sample).any()
    monkeypatch.setattr(suspicion, "MIN_CLUSTERS", n_clusters + 1)
    assert evidence_of(sister_sample) is None


def test_the_limit_is_higher_in_a_small_query(sister_sample: QuerySample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspicion, "SMALL_QUERY", 0)
    usual = suspicion_of_cells(sister_sample)
    monkeypatch.setattr(suspicion, "SMALL_QUERY", 10_000)
    small = suspicion_of_cells(sister_sample)
    np.testing.assert_allclose(small, np.maximum(usual - suspicion.SLOPE * suspicion.SMALL_QUERY_LIMIT, 0))
    assert (usual > 0).sum() > (small > 0).sum()


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
    evidence = evidence_of(sister_sample, tree)
    assert evidence is not None
    table = evidence.suspicion
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
    np.testing.assert_allclose(calls.obs[columns.UNSEEN_SCORE], again.obs[columns.UNSEEN_SCORE], rtol=1e-6)
    passing = calls.obs[columns.CONFIDENCE] >= 0.8
    assert passing[truth == UNSEEN].mean() < 0.5 * passing[truth != UNSEEN].mean()


def test_the_score_of_cells_is_written(sister_query: SisterQuery) -> None:
    path, adata, truth = sister_query
    adata = adata.copy()
    adata.layers[columns.COUNTS] = sparse.csr_matrix(adata.X.multiply(np.arange(adata.n_obs)[:, None] > 2))
    calls = annotate_celltypist(adata, custom_model_path=path, confidence_transform="calibrated", copy=True)
    score = calls.obs[columns.UNSEEN_SCORE].to_numpy()
    assert score.dtype == np.float32
    assert np.isnan(score[:3]).all()
    assert ((score[3:] >= 0) & (score[3:] <= 1)).all()
    assert roc_auc_score(truth[3:] == UNSEEN, score[3:]) > 0.85


@pytest.mark.parametrize("options", [{"confidence_transform": "zscore"}, {"detect_unseen": False}])
def test_a_score_of_an_earlier_run_is_removed(sister_query: SisterQuery, options: dict[str, Any]) -> None:
    path, adata, _ = sister_query
    adata = adata.copy()
    adata.obs[columns.UNSEEN_SCORE] = np.float32(0.5)
    calls = annotate_celltypist(adata, custom_model_path=path, **{"confidence_transform": "calibrated", **options})
    assert columns.UNSEEN_SCORE not in calls.obs
