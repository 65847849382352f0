"""Small clusters of a query's cells."""

import numpy as np

from spatialcore.annotation.unknown.query_clusters import CELLS_PER_CLUSTER, pooled_counts, small_clusters
from tests.annotation.conftest import simulate


def test_clusters_are_of_one_type_and_about_sixty_cells(rng: np.random.Generator) -> None:
    counts, types, _ = simulate(600, 3, 60, 150, rng)
    clusters = small_clusters(counts)
    assigned = clusters.assign(counts)
    assert len(clusters.means) == 600 // CELLS_PER_CLUSTER
    for cluster in np.unique(assigned):
        members = types[assigned == cluster]
        assert np.bincount(members).max() == len(members)


def test_pooled_counts_are_sums_over_the_cells_of_a_cluster(rng: np.random.Generator) -> None:
    counts, _, _ = simulate(200, 2, 40, 100, rng)
    assigned = rng.integers(0, 3, 200)
    pooled = pooled_counts(counts, assigned, 4)
    for cluster in range(4):
        np.testing.assert_allclose(pooled[cluster], counts.toarray()[assigned == cluster].sum(axis=0))


def test_the_same_cells_give_the_same_clusters(rng: np.random.Generator) -> None:
    counts, _, _ = simulate(400, 3, 60, 100, rng)
    first, second = small_clusters(counts, random_state=3), small_clusters(counts, random_state=3)
    np.testing.assert_array_equal(first.means, second.means)
