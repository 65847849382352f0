"""Small clusters of a query's cells by expression, from a sample."""

from typing import Final

import numpy as np
from scipy import sparse

from spatialcore.annotation.unknown.clustering import ExpressionSpace, NearestCluster
from spatialcore.core.types import Codes, Floats

MAX_SAMPLED: Final = 12_000
CELLS_PER_CLUSTER: Final = 60
N_COMPONENTS: Final = 20
ITERATIONS: Final = 30


def small_clusters(counts: sparse.csr_matrix, *, random_state: int = 0) -> NearestCluster:
    """Return clusters of about sixty cells (k-means of principal components).

    Parameters
    ----------
    counts
        Cells x genes, two cells at least.
    random_state
        Of the components and the first centers.
    """
    from sklearn.cluster import KMeans

    space = ExpressionSpace.fit(counts, N_COMPONENTS, random_state=random_state)
    k = max(2, counts.shape[0] // CELLS_PER_CLUSTER)
    kmeans = KMeans(k, n_init=1, max_iter=ITERATIONS, random_state=random_state).fit(space.transform(counts))
    return NearestCluster(space, np.asarray(kmeans.cluster_centers_, dtype=np.float64))


def pooled_counts(counts: sparse.csr_matrix, clusters: Codes, n_clusters: int) -> Floats:
    """Return the summed counts of each cluster, clusters x genes.

    Examples
    --------
    >>> pooled_counts(sparse.csr_matrix([[1, 0], [2, 1], [5, 0]]), np.array([0, 0, 1]), 2).tolist()
    [[3.0, 1.0], [5.0, 0.0]]
    """
    cells = np.arange(len(clusters))
    members = sparse.csr_matrix((np.ones(len(clusters)), (clusters, cells)), shape=(n_clusters, len(clusters)))
    return np.asarray((members @ counts).todense(), dtype=np.float64)
