"""Clusters of cells by expression: components of the log expression, a graph of nearest neighbours, communities."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy import sparse

from spatialcore.annotation.expression.cell_order import by_content, row_hashes
from spatialcore.core.normalization import log1p_normalize, row_totals
from spatialcore.core.sampling import draw_rows
from spatialcore.core.types import Codes, Floats

N_COMPONENTS: Final = 15
N_NEIGHBORS: Final = 15
MAX_GENES: Final = 2_000
MAX_SAMPLED: Final = 5_000
MIN_SCALE: Final = 0.2
MAX_VALUE: Final = 10.0
ONE_SIDED: Final = 0.3  # weight of an edge between two cells of which only one is among the nearest of the other


def cluster_cells(counts: sparse.csr_matrix, *, resolution: float = 1.0, random_state: int = 0) -> Codes:
    """Return the cluster of each cell, numbered from the largest; it does not depend on the order of the cells.

    Beyond 5,000 cells a sample is clustered, and every other cell joins the commonest cluster of its nearest sampled
    cells.

    Parameters
    ----------
    counts
        Counts (or what is proportional to them), cells x genes; every cell has some.
    resolution
        Of the communities (Reichardt and Bornholdt 2006, "Statistical mechanics of community detection", with the
        Leiden algorithm); larger gives more clusters.
    random_state
        Of the sample, the components and the communities.
    """
    n, order = counts.shape[0], by_content(counts)
    rows = order[draw_rows(n, MAX_SAMPLED, np.random.default_rng(random_state))]
    components = ExpressionSpace.fit(counts[rows], random_state=random_state).transform(counts)
    labels = _communities(_neighbor_graph(components[rows]), resolution, random_state)
    if len(rows) < n:
        from sklearn.neighbors import KNeighborsClassifier

        labels = KNeighborsClassifier(N_NEIGHBORS).fit(components[rows], labels).predict(components)
    else:
        labels = _same_of_equal(counts, order, labels)
    order = np.argsort(-np.bincount(labels), kind="stable")
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    ranked: Codes = rank[labels]
    return ranked


def _same_of_equal(counts: sparse.csr_matrix, order: Codes, labels: Codes) -> Codes:
    """Return the label of each cell, from those of the cells in the given order; equal cells get that of the first."""
    of_cells = np.empty_like(labels)
    of_cells[order] = labels
    _, first, equal = np.unique(row_hashes(counts), return_index=True, return_inverse=True)
    result: Codes = of_cells[first][equal]
    return result


@dataclass(frozen=True)
class ExpressionSpace:
    """Principal components of the standardised log expression.

    Parameters
    ----------
    target_sum
        The total that cells are brought to: the median of the cells that the space was made from.
    genes
        Positions of the genes in it: of more than 2,000 the most variable.
    mean, scale
        Of each gene; genes that vary little are not scaled up.
    basis
        Genes x components.
    """

    target_sum: float
    genes: Codes
    mean: Floats
    scale: Floats
    basis: Floats

    @classmethod
    def fit(cls, counts: sparse.csr_matrix, n_components: int = N_COMPONENTS, *, random_state: int = 0) -> Self:
        """Make the space from counts, cells x genes."""
        from sklearn.utils.extmath import randomized_svd

        target = float(np.median(row_totals(counts)))
        logged = log1p_normalize(counts, target)
        mean = np.asarray(logged.mean(axis=0), dtype=np.float64).ravel()
        squares = np.asarray(logged.multiply(logged).mean(axis=0), dtype=np.float64).ravel()
        deviation = np.sqrt(np.maximum(squares - mean**2, 0.0))
        genes = np.sort(np.argsort(-deviation, kind="stable")[:MAX_GENES])
        scale = np.maximum(deviation[genes], MIN_SCALE)
        values = _standardize(logged, genes, mean[genes], scale)
        rank = max(1, min(n_components, *(size - 1 for size in values.shape)))
        basis = randomized_svd(values, rank, random_state=random_state)[2].T
        return cls(target, genes, mean[genes], scale, basis)

    def transform(self, counts: sparse.csr_matrix) -> Floats:
        """Return the components of cells, cells x components."""
        logged = log1p_normalize(counts, self.target_sum)
        logged = sparse.csr_matrix(logged if len(self.genes) == logged.shape[1] else logged[:, self.genes])
        of_zero = np.maximum(-self.mean / self.scale, -MAX_VALUE)
        gene = logged.indices
        values = np.clip((logged.data - self.mean[gene]) / self.scale[gene], -MAX_VALUE, MAX_VALUE)
        above_zero = sparse.csr_matrix((values - of_zero[gene], gene, logged.indptr), shape=logged.shape)
        components: Floats = above_zero @ self.basis + of_zero @ self.basis
        return components


@dataclass(frozen=True)
class NearestCluster:
    """Assign cells to the cluster with the nearest mean in an expression space.

    Parameters
    ----------
    space
        The space of the cells that were clustered.
    means
        Clusters x components.
    """

    space: ExpressionSpace
    means: Floats

    @classmethod
    def fit(cls, counts: sparse.csr_matrix, clusters: Codes, *, random_state: int = 0) -> Self:
        """Return the means of clustered cells, numbered from 0 without a gap."""
        drawn = draw_rows(counts.shape[0], MAX_SAMPLED, np.random.default_rng(random_state))
        rows = by_content(counts)[drawn]
        space = ExpressionSpace.fit(counts[rows], random_state=random_state)
        sizes = np.bincount(clusters)
        members = sparse.csr_matrix((1 / sizes[clusters], (clusters, np.arange(len(clusters)))))
        return cls(space, np.asarray(members @ space.transform(counts)))

    def assign(self, counts: sparse.csr_matrix) -> Codes:
        """Return the cluster of each cell."""
        distances = (self.means**2).sum(axis=1) - 2 * self.space.transform(counts) @ self.means.T
        nearest: Codes = distances.argmin(axis=1)
        return nearest


def _standardize(logged: sparse.csr_matrix, genes: Codes, mean: Floats, scale: Floats) -> Floats:
    values: Floats = (logged[:, genes].toarray() - mean) / scale
    return np.clip(values, -MAX_VALUE, MAX_VALUE, out=values)


def _neighbor_graph(components: Floats) -> sparse.coo_matrix:
    """Return the weighted edges between near cells, each once."""
    from sklearn.neighbors import NearestNeighbors

    n = len(components)
    k = max(1, min(N_NEIGHBORS, n // 4))
    neighbours = NearestNeighbors(n_neighbors=min(k + 1, n)).fit(components).kneighbors(return_distance=False)
    neighbours = neighbours[:, :k]
    edges = (np.ones(neighbours.size), (np.repeat(np.arange(n), neighbours.shape[1]), neighbours.ravel()))
    directed = sparse.csr_matrix(edges, shape=(n, n))
    mutual = directed.multiply(directed.T)
    weights = mutual + ONE_SIDED * (directed + directed.T - 2 * mutual)
    edges_once: sparse.coo_matrix = sparse.triu(weights, k=1).tocoo()
    return edges_once


def _communities(edges: sparse.coo_matrix, resolution: float, random_state: int) -> Codes:
    import igraph
    import leidenalg

    graph = igraph.Graph(n=edges.shape[0], edges=np.column_stack([edges.row, edges.col]).tolist())
    partition = leidenalg.find_partition(
        graph,
        leidenalg.RBConfigurationVertexPartition,
        weights=edges.data.tolist(),
        resolution_parameter=resolution,
        n_iterations=5,
        seed=random_state,
    )
    return np.asarray(partition.membership, dtype=np.intp)
