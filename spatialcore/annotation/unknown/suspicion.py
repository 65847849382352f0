"""How much groups of cells look like cells of an unseen type: a score for each group, and a loss of confidence.

The log odds of :mod:`spatialcore.annotation.unknown.hidden_classes` are those of single groups, of sixty cells or
fewer. Cells with similar expression are mostly of one type, so three quarters of the log odds of a group come from the
clusters nearby: their mean over the cells, weighted by ``exp(-d^2 / (w m))``, with d the distance of the cluster, m the
median squared distance of a cluster from the nearest other one, and w the width.

With s these log odds at a width of .35, s_0 what a fifth of the confident cells exceed plus 2.5, but at least -.2 and
at most .45, and ``l = 11 max(s - s_0, 0)`` the suspicion, a confidence c above .72 becomes
``.72 + (c - .72) / (1 + l)``: the group is doubted, not refuted. The limit is low where most groups are clearly known,
since a sister of a class is less unlike it than most classes that are hidden. In a query of fewer than ten clusters,
one group may be a whole class, and the log odds vary more: the limit is 2 higher.

A term above the class is doubted as much if the group shows less than .6 of the usual share of its signature, and not
at all above .7: a hidden sister of the class ends at the term that both have in common.

The unseen score is the logistic function of the log odds at a width of 1. It ranks cells better than the confidence,
which is also low for cells between two known types (docs/benchmarks/hidden-types.md).
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import expit

from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.unknown.hidden_classes import group_odds
from spatialcore.annotation.unknown.query_sample import Groups, QuerySample
from spatialcore.annotation.unknown.weighted import weighted_quantile
from spatialcore.core.types import Floats

MIN_CLUSTERS: Final = 4  # of the query
SMALL_QUERY: Final = 10  # clusters; in a query of fewer ones, the limit is higher
SMALL_QUERY_LIMIT: Final = 2.0  # log odds, added
USUAL_SHARE: Final = 0.8  # of the confident cells
ABOVE_USUAL: Final = 2.5  # log odds
LIMITS: Final = (-0.2, 0.45)  # log odds; groups with lower ones are not suspected
SLOPE: Final = 11.0
MIN_CONFIDENCE: Final = 0.72  # confidence that is not lowered
DOUBTED_SLOPES: Final = (0.6, 0.7)  # a term is doubted like the class below, not at all above
FROM_NEARBY: Final = 0.75  # of the log odds of a group
SUSPICION_WIDTH: Final = 0.35
SCORE_WIDTH: Final = 1.0
SMALLEST: Final = 1e-12


@dataclass(frozen=True)
class UnseenEvidence:
    """What is said about groups of cells, of one cluster with one best class.

    Parameters
    ----------
    score
        Clusters x classes, 0 to 1; higher for cells of an unseen type.
    suspicion
        Clusters x classes x path, against the class and the terms above it.
    """

    score: Floats
    suspicion: Floats

    @classmethod
    def of(cls, sample: QuerySample, centers: Floats, tree: ClassTree | None) -> "Self | None":
        """Judge the groups of a query; ``None`` for one with too few clusters.

        Parameters
        ----------
        sample
            Cells of the query.
        centers
            Of the clusters of the query, clusters x components.
        tree
            The terms above the classes; the path is that of the class, and the class alone without a tree.
        """
        if len(centers) < MIN_CLUSTERS:
            return None
        n_classes = sample.scores.shape[1]
        groups = sample.groups(np.arange(n_classes))
        odds, compared = group_odds(sample, groups)
        nearby = _nearby(odds, groups, centers, SCORE_WIDTH)
        score = np.repeat(nearby[:, None], n_classes, axis=1)
        score[groups.cluster, groups.best] = _smoothed(odds, groups, nearby)
        suspicion = np.zeros((*score.shape, 1 if tree is None else tree.paths.shape[1]))
        if compared:
            smoothed = _smoothed(odds, groups, _nearby(odds, groups, centers, SUSPICION_WIDTH))
            suspicion[groups.cluster, groups.best] = _suspicion(smoothed, sample, groups, len(centers), tree)
        return cls(expit(score), suspicion)


def lower_suspected(confidence: Floats, suspicion: Floats) -> Floats:
    """Return the confidence of cells after the suspicion against their group; down to .72 it is not lowered.

    Examples
    --------
    >>> lower_suspected(np.array([0.95, 0.95, 0.8, 0.6]), np.array([0.0, 2.0, 2.0, 2.0])).round(2).tolist()
    [0.95, 0.8, 0.75, 0.6]
    """
    excess = np.maximum(confidence - MIN_CONFIDENCE, 0.0)
    result: Floats = confidence - excess * (suspicion / (1.0 + suspicion))
    return result


def nearby_weights(centers: Floats, cells: Floats, width: float) -> Floats:
    """Return the weights of all clusters in the mean of each, clusters x clusters; rows sum to one.

    Parameters
    ----------
    centers
        Clusters x components, two clusters at least.
    cells
        Number of cells in each; a cluster without cells has no weight.
    width
        In units of the median squared distance to the nearest other cluster.

    Examples
    --------
    >>> nearby_weights(np.array([[0.0], [1.0], [3.0]]), np.array([10.0, 10.0, 10.0]), 0.5).round(2).tolist()
    [[0.88, 0.12, 0.0], [0.12, 0.88, 0.0], [0.0, 0.0, 1.0]]
    """
    squares = cdist(centers, centers, "sqeuclidean")
    typical = np.median(np.sort(squares, axis=1)[:, 1])
    squares -= squares[:, cells > 0].min(axis=1, keepdims=True)
    weights: Floats = np.exp(-squares / max(width * typical, SMALLEST), where=cells > 0, out=np.zeros_like(squares))
    weights *= cells
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _nearby(odds: Floats, groups: Groups, centers: Floats, width: float) -> Floats:
    """Return the mean log odds of the cells near each cluster."""
    cluster = groups.cluster[groups.group]
    cells = np.bincount(cluster, minlength=len(centers)).astype(np.float64)
    of_clusters = np.bincount(cluster, odds[groups.group], minlength=len(centers))
    means = of_clusters / np.maximum(cells, 1.0)
    nearby: Floats = nearby_weights(centers, cells, width) @ means
    return nearby


def _smoothed(odds: Floats, groups: Groups, nearby: Floats) -> Floats:
    """Return the log odds of the groups, mixed with those of the cells near their clusters."""
    smoothed: Floats = (1 - FROM_NEARBY) * odds + FROM_NEARBY * nearby[groups.cluster]
    return smoothed


def _suspicion(odds: Floats, sample: QuerySample, groups: Groups, n_clusters: int, tree: ClassTree | None) -> Floats:
    """Return the suspicion against the class of each group and the terms above it, groups x path."""
    usual = weighted_quantile(odds, groups.sums((sample.weights > 0).astype(np.float64)), USUAL_SHARE)
    limit = np.clip(usual + ABOVE_USUAL, *LIMITS) + (SMALL_QUERY_LIMIT if n_clusters < SMALL_QUERY else 0.0)
    suspicion: Floats = SLOPE * np.maximum(odds - limit, 0.0)[:, None]
    return suspicion if tree is None else suspicion * _doubted(sample.term_slopes(groups, tree))


def _doubted(slopes: Floats) -> Floats:
    """Return how much of the suspicion each term gets: the class all, terms above it no more than those below.

    Examples
    --------
    >>> _doubted(np.array([[0.9, 0.65, 0.9, np.nan], [0.2, 0.9, 0.2, 1.0]])).round(2).tolist()
    [[1.0, 0.5, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
    """
    low, high = DOUBTED_SLOPES
    doubted = np.clip((high - np.nan_to_num(slopes, nan=high)) / (high - low), 0.0, 1.0)
    doubted[:, 0] = 1.0
    result: Floats = np.minimum.accumulate(doubted, axis=1)
    return result
