"""Groups of a query's cells, of one cluster with one best class, as a model with some of its classes sees them.

Features of a group:

``agreement``
    correlation, over the genes, of the logarithms of its shares and of those of its class in the reference as measured.
``auxiliary``
    mean log probability of its class under the auxiliary model.
``slope``, ``markers``
    how much of the signature of its class it shows, see :mod:`spatialcore.annotation.unknown.signature`.

All but ``auxiliary`` are relative to their medians over the query.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy import sparse

from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.model.calibration import log_probability
from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.model.reference_fit import log_correlation
from spatialcore.annotation.unknown.query_clusters import pooled_counts
from spatialcore.annotation.unknown.signature import signatures, term_slopes
from spatialcore.annotation.unknown.weighted import summed, weighted_quantile
from spatialcore.core.sampling import draw_rows
from spatialcore.core.types import Codes, Floats

MAX_CELLS: Final = 4_000
CONFIDENT: Final = 0.5
SMALL_GROUP: Final = 10  # cells; smaller ones are filled up with the mean of their cluster
MIN_LOG: Final = -8.0  # of a probability
MIN_WEIGHT: Final = 1e-6  # of a group without confident cells
MIN_SLOPE: Final = 0.05


@dataclass(frozen=True)
class Groups:
    """Groups of cells: of one cluster, with one best class.

    Parameters
    ----------
    cluster, best
        Of each group.
    group
        Of each cell.
    shares
        Share of each gene, groups x genes.
    features
        Groups x 4.
    """

    cluster: Codes
    best: Codes
    group: Codes
    shares: Floats
    features: Floats

    def sums(self, weights: Floats) -> Floats:
        """Return the sum of weights of cells over each group."""
        return summed(weights, self.group, len(self.best))


@dataclass(frozen=True)
class QuerySample:
    """Cells of a query, with their clusters and the scores of a model.

    Parameters
    ----------
    counts, cluster
        Cells x genes, every cell with counts; the cluster of each cell.
    scores, auxiliary
        Of the linear and of the auxiliary model, cells x classes.
    confidence
        Of the cells by themselves.
    reference
        Share of each gene in the reference, classes x genes.
    """

    counts: sparse.csr_matrix
    cluster: Codes
    scores: Floats
    auxiliary: Floats
    confidence: Floats
    reference: Floats

    @classmethod
    def of(
        cls,
        model: CellTypingModel,
        genes: Codes,
        counts: sparse.csr_matrix,
        cluster: Codes,
        scores: Floats,
        auxiliary: Floats,
        confidence: Floats,
    ) -> "QuerySample | None":
        """Draw some of the cells; ``None`` for a model that is not matched to a query."""
        if model.reference_profiles is None or model.background is None:
            return None
        rows = draw_rows(counts.shape[0], MAX_CELLS, np.random.default_rng(0))
        reference = model.reference_profiles[:, genes]
        return cls(
            counts[rows],
            cluster[rows],
            scores[rows],
            auxiliary[rows],
            confidence[rows],
            reference / reference.sum(axis=1, keepdims=True),
        )

    @property
    def weights(self) -> Floats:
        """The confidence of the confident cells, zero for the others."""
        return np.where(self.confidence >= CONFIDENT, self.confidence, 0.0)

    def groups(self, classes: Codes) -> Groups:
        """Return the groups as a model with only some of the classes sees them."""
        scores, auxiliary = self.scores[:, classes], self.auxiliary[:, classes]
        best_of_cells = scores.argmax(axis=1)
        keys, group = np.unique(self.cluster * len(classes) + best_of_cells, return_inverse=True)
        cluster, best = keys // len(classes), keys % len(classes)
        reference, shares = self.reference[classes], self._shares(group, cluster)
        sizes, confident = np.bincount(group).astype(np.float64), summed(self.weights, group)
        agreement = np.nan_to_num(log_correlation(shares, reference[best]))
        signature = signatures(shares, best, confident, sizes, reference)
        log_auxiliary = np.maximum(log_probability(auxiliary, best_of_cells), MIN_LOG)
        relative = [
            value - weighted_quantile(value, confident + MIN_WEIGHT, 0.5)
            for value in (agreement, signature.slope, signature.markers)
        ]
        features = [relative[0], summed(log_auxiliary, group) / sizes, *relative[1:]]
        return Groups(cluster, classes[best], group, shares, np.column_stack(features))

    def term_slopes(self, groups: Groups, tree: ClassTree) -> Floats:
        """Return how much of the signature of each term on the path of its class a group shows, groups x path.

        Relative to the median slope of classes. `groups` are those with all classes.
        """
        sizes, confident = groups.sums(np.ones(len(groups.group))), groups.sums(self.weights)
        slopes = term_slopes(groups.shares, groups.best, confident, sizes, self.reference, tree)
        usual = weighted_quantile(np.nan_to_num(slopes[:, 0]), confident + MIN_WEIGHT, 0.5)
        relative: Floats = slopes / max(usual, MIN_SLOPE)
        return relative

    @cached_property
    def _of_clusters(self) -> Floats:
        """The summed counts of each cluster."""
        return pooled_counts(self.counts, self.cluster, int(self.cluster.max()) + 1)

    def _shares(self, group: Codes, cluster: Codes) -> Floats:
        """Return the share of each gene in each group, groups x genes."""
        pooled: Floats = pooled_counts(self.counts, group, len(cluster))
        missing = np.maximum(SMALL_GROUP - np.bincount(group), 0) / np.bincount(self.cluster)[cluster]
        pooled += missing[:, None] * self._of_clusters[cluster]
        pooled /= pooled.sum(axis=1, keepdims=True)
        return pooled
