"""Clusters of cells by expression."""

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.unknown import clustering
from spatialcore.annotation.unknown.clustering import ExpressionSpace, NearestCluster, cluster_cells
from spatialcore.core.normalization import log1p_normalize
from tests.annotation.conftest import simulate


def test_types_become_clusters_the_largest_first(rng: np.random.Generator) -> None:
    counts, types, _ = simulate(300, 3, 60, 150, rng)
    clusters = cluster_cells(counts)
    sizes = np.bincount(clusters)
    assert (np.diff(sizes) <= 0).all()
    for cluster in range(len(sizes)):
        assert np.bincount(types[clusters == cluster]).max() == sizes[cluster]


def test_cells_outside_the_sample_join_similar_clusters(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clustering, "MAX_SAMPLED", 120)
    counts, types, _ = simulate(400, 2, 60, 150, rng)
    clusters = cluster_cells(counts)
    assert len(clusters) == 400
    for cluster in np.unique(clusters):
        members = types[clusters == cluster]
        assert np.bincount(members).max() / len(members) > 0.97


def test_components_of_sparse_cells_are_those_of_dense_ones(rng: np.random.Generator) -> None:
    counts, _, _ = simulate(400, 3, 40, 300, rng)
    first = np.arange(400) == 0
    counts = sparse.csr_matrix(np.column_stack([counts.toarray(), 90.0 * ~first, 90.0 * first]))
    space = ExpressionSpace.fit(counts, 5)
    logged = log1p_normalize(counts, space.target_sum).toarray()[:, space.genes]
    scaled = np.clip((logged - space.mean) / space.scale, -10, 10)
    assert scaled.max() == 10  # the gene of one cell
    assert scaled.min() == -10  # the gene that one cell lacks
    np.testing.assert_allclose(space.transform(counts), scaled @ space.basis, atol=1e-9)


def test_components_equal_those_of_standardised_log_expression(rng: np.random.Generator) -> None:
    counts, _, _ = simulate(80, 3, 30, 200, rng)
    logged = log1p_normalize(counts, float(np.median(np.asarray(counts.sum(axis=1))))).toarray()
    scaled = np.clip((logged - logged.mean(axis=0)) / np.maximum(logged.std(axis=0), 0.2), -10, 10)
    left, strength, _ = np.linalg.svd(scaled, full_matrices=False)
    result = ExpressionSpace.fit(counts, 2).transform(counts)
    np.testing.assert_allclose(np.abs(result), np.abs(left[:, :2] * strength[:2]), atol=0.01)


def test_a_few_cells_are_clustered() -> None:
    assert cluster_cells(sparse.csr_matrix(np.eye(3) * 5)).tolist() in ([0, 1, 2], [0, 0, 1], [0, 0, 0])


def test_other_cells_join_the_nearest_cluster(rng: np.random.Generator) -> None:
    counts, types, _ = simulate(400, 3, 60, 150, rng)
    nearest = NearestCluster.fit(counts[:300], types[:300])
    assert (nearest.assign(counts[300:]) == types[300:]).mean() > 0.97
