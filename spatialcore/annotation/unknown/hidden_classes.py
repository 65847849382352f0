"""Which groups of a query's cells look like cells of a class that the model does not have.

What an unseen type looks like among the calls differs from query to query, so it is learnt from the query itself. Each
class is hidden from the model in turn: its cells are then called by the most similar class, as cells of an unseen type
are. A logistic regression tells them from the other cells, by four features of a group, the cells of one cluster with
one best class:

``confidence``
    mean logit of the confidence of its cells by themselves.
``agreement``
    correlation, over the genes, of the logarithms of its shares and of those of its class in the reference as measured.
``efficiency``
    mean logarithm of the gene efficiencies over its counts. Efficiencies that were estimated without a class are
    large for the genes that this class expresses.
``second``
    mean log probability of its class under the auxiliary model.

Agreement and efficiency are relative to their medians over the query, and the efficiencies are estimated again for each
class that is hidden. With s the log odds of a group, s_0 what a fifth of the confident cells exceed, but at least -1,
and ``l = 1.5 max(s - s_0, 0)`` the suspicion, a confidence c above .65 becomes ``.65 + (c - .65) / (1 + l)``: the group
is doubted, not refuted. The terms above the class keep their confidence.

Nothing here is fitted to labels of the query. The constants were compared on open pairs, so that fewer than five of a
hundred cells of known types lose their call (docs/benchmarks/hidden-types.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from scipy import sparse
from scipy.special import expit, logit

from spatialcore.annotation.model.calibration import Calibration, ProfileTest, log_probability
from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.model.reference_fit import log_correlation
from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.training.platform import QueryCells
from spatialcore.annotation.unknown.query_clusters import pooled_counts
from spatialcore.core.normalization import row_totals
from spatialcore.core.sampling import draw_rows
from spatialcore.core.types import Codes, Floats

MAX_CELLS: Final = 4_000
MOST_HIDDEN: Final = 5  # classes, the most frequent ones
FEWEST_CELLS: Final = 15  # of a class that is hidden
CONFIDENT: Final = 0.5
SUSPECTED_SHARE: Final = 0.2
LEAST_ODDS: Final = -1.0  # logarithm; groups with lower ones are not suspected
SLOPE: Final = 1.5
LOWEST: Final = 0.65  # confidence that is not lowered
SMALL_GROUP: Final = 10  # cells; smaller ones are filled up with the mean of their cluster
LIMIT: Final = 1e-4  # of a confidence
STANDARD_LIMIT: Final = 4.0
LOWEST_LOG: Final = -8.0  # of a probability
PENALTY: Final = 0.1
STEPS: Final = 15  # of Newton's method


@dataclass(frozen=True)
class QuerySample:
    """Cells of a query, with what a model says about them.

    Parameters
    ----------
    counts, cluster
        Cells x genes, every cell with counts; the cluster of each cell.
    scores, second
        Of the linear and of the auxiliary model, cells x classes.
    scorer, calibration
        Of the model, on the genes of the counts.
    reference
        Share of each gene in the reference, classes x genes.
    ambient, background
        Share and profile of the ambient counts.
    """

    counts: sparse.csr_matrix
    cluster: Codes
    scores: Floats
    second: Floats
    scorer: Scorer
    calibration: Calibration
    reference: Floats
    ambient: float
    background: Floats

    @classmethod
    def of(
        cls, model: CellTypingModel, scorer: Scorer, counts: sparse.csr_matrix, cluster: Codes, genes: Codes
    ) -> "QuerySample | None":
        """Score the cells; ``None`` for a model that is not matched to a query."""
        if model.calibration is None or model.reference_profiles is None or model.background is None:
            return None
        rows = draw_rows(counts.shape[0], MAX_CELLS, np.random.default_rng(0))
        counts, cluster = counts[rows], cluster[rows]
        reference, background = model.reference_profiles[:, genes], model.background[genes]
        return cls(
            counts,
            cluster,
            scorer.scores(counts),
            scorer.second_scores(counts),
            scorer,
            model.calibration,
            reference / reference.sum(axis=1, keepdims=True),
            model.ambient_share,
            background / background.sum(),
        )

    def groups(self, classes: Codes) -> "Groups":
        """Return the groups as a model with only some of the classes sees them."""
        scores, second = self.scores[:, classes], self.second[:, classes]
        best = scores.argmax(axis=1)
        reference = self.reference[classes]
        platform = self._cells.platform_at(self.ambient, reference, self.background)
        test = ProfileTest.from_profiles(platform.expected(reference))
        scorer = replace(self.scorer, test=test, pairs=None)
        evidence = scorer.evidence(self.counts, scores, second, best, self.calibration.temperature)
        if self.scorer.pairs is not None:
            evidence = replace(evidence, pair_gain=self.scorer.pairs.of(self.counts, classes[best], classes))
        confidence = np.clip(self.calibration.probability(evidence), LIMIT, 1 - LIMIT)
        keys, group = np.unique(self.cluster * len(classes) + best, return_inverse=True)
        cluster, of_class = keys // len(classes), keys % len(classes)
        shares = self._shares(group, cluster)
        weights = summed(confidence, group)
        sizes = np.bincount(group)
        agreement = np.nan_to_num(log_correlation(shares, reference[of_class]))
        excess = shares @ np.log(platform.efficiency)
        features = [
            summed(logit(confidence), group) / sizes,
            agreement - weighted_quantile(agreement, weights, 0.5),
            excess - weighted_quantile(excess, weights, 0.5),
            summed(np.maximum(log_probability(second, best), LOWEST_LOG), group) / sizes,
        ]
        return Groups(cluster, classes[of_class], group, confidence, np.column_stack(features))

    @cached_property
    def _cells(self) -> QueryCells:
        return QueryCells.of(self.counts, row_totals(self.counts))

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


@dataclass(frozen=True)
class Groups:
    """Groups of cells: of one cluster, with one best class.

    Parameters
    ----------
    cluster, best
        Of each group.
    group, confidence
        Of each cell.
    features
        Groups x 4.
    """

    cluster: Codes
    best: Codes
    group: Codes
    confidence: Floats
    features: Floats

    def sums(self, weights: Floats) -> Floats:
        """Return the sum of weights of cells over each group."""
        return summed(weights, self.group, len(self.best))


def suspicions(sample: QuerySample, n_clusters: int) -> Floats:
    """Return the suspicion, clusters x classes; zeros where fewer than two classes can be hidden.

    Parameters
    ----------
    sample
        Cells of the query.
    n_clusters
        How many clusters the query has.
    """
    n_classes = sample.scores.shape[1]
    result = np.zeros((n_clusters, n_classes))
    groups = sample.groups(np.arange(n_classes))
    parts = list(_with_hidden_classes(sample, groups))
    if len(parts) < 2:
        return result
    features, is_hidden, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    odds = _log_odds(features, is_hidden, weights, groups.features)
    confident = groups.sums((groups.confidence >= CONFIDENT).astype(np.float64))
    limit = max(weighted_quantile(odds, confident, 1 - SUSPECTED_SHARE), LEAST_ODDS)
    result[groups.cluster, groups.best] = SLOPE * np.maximum(odds - limit, 0.0)
    return result


def lower_suspected(confidence: Floats, suspicion: Floats) -> Floats:
    """Return the confidence of cells after the suspicion against their group; down to .65 it is not lowered.

    Examples
    --------
    >>> lower_suspected(np.array([0.95, 0.95, 0.8, 0.6]), np.array([0.0, 2.0, 2.0, 2.0])).round(2).tolist()
    [0.95, 0.75, 0.7, 0.6]
    """
    excess = np.maximum(confidence - LOWEST, 0.0)
    result: Floats = confidence - excess * (suspicion / (1.0 + suspicion))
    return result


def summed(values: Floats, group: Codes, n_groups: int = 0) -> Floats:
    """Return the sum of the values of each group."""
    sums: Floats = np.bincount(group, weights=values, minlength=n_groups).astype(np.float64)
    return sums


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """Return the value up to which the values have this share of the weights.

    Examples
    --------
    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 8.0]), 0.5)
    2.0
    """
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(values[order][min(int(np.searchsorted(below, share * below[-1])), len(order) - 1)])


def _with_hidden_classes(sample: QuerySample, groups: Groups) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield for each class that is hidden the features of the groups, twice: as groups of hidden and of other cells.

    With them: which is which, and the weights, which sum to one for each.
    """
    n_classes = sample.scores.shape[1]
    best = groups.best[groups.group]
    weights = np.where(groups.confidence >= CONFIDENT, groups.confidence, 0.0)
    cells = np.bincount(best[weights > 0], minlength=n_classes)
    frequent = np.argsort(-cells, kind="stable")[:MOST_HIDDEN]
    for k in frequent if n_classes > 2 else ():
        if not FEWEST_CELLS <= cells[k] < cells.sum():
            continue
        without = sample.groups(np.delete(np.arange(n_classes), k))
        hidden, others = (without.sums(weights * part) for part in (best == k, best != k))
        yield (
            np.vstack([without.features, without.features]),
            np.repeat([1.0, 0.0], len(hidden)),
            np.concatenate([hidden / hidden.sum(), others / others.sum()]),
        )


def _log_odds(features: Floats, is_hidden: Floats, weights: Floats, asked: Floats) -> Floats:
    """Fit the regression, and return the log odds of being of a hidden class for other features."""
    weights = weights / weights.sum()
    mean = weights @ features
    spread = np.sqrt(weights @ (features - mean) ** 2) + 1e-6
    known, new = (np.clip((table - mean) / spread, -STANDARD_LIMIT, STANDARD_LIMIT) for table in (features, asked))
    table = np.column_stack([known, np.ones(len(known))])
    coefficients = fit_ridge(table, is_hidden, weights, np.array([PENALTY] * known.shape[1] + [0.0]))
    odds: Floats = new @ coefficients[:-1] + coefficients[-1]
    return odds


def fit_ridge(table: Floats, target: Floats, weights: Floats, penalty: Floats) -> Floats:
    """Fit weighted logistic regression with a squared penalty of each coefficient, by Newton's method.

    Parameters
    ----------
    table, target, weights
        Rows x features, 0 or 1, and the weight of each row.
    penalty
        Of half the square of each coefficient.
    """
    coefficients: Floats = np.zeros(table.shape[1])
    for _ in range(STEPS):
        probability = expit(table @ coefficients)
        slope = table.T @ (weights * (probability - target)) + penalty * coefficients
        curvature = (table * (weights * probability * (1 - probability))[:, None]).T @ table + np.diag(penalty)
        step = np.linalg.solve(curvature + 1e-12 * np.eye(len(slope)), slope)
        coefficients -= step
        if np.abs(step).max() < 1e-8:
            break
    return coefficients
