"""Which groups of a query's cells look like cells of a class that the model does not have.

What an unseen type looks like among the calls differs from query to query, so it is learnt from the query itself. Each
frequent class is hidden from the model in turn: its cells are then called by the most similar class, as cells of an
unseen type are. A logistic regression tells their groups from the others by the four features of
:mod:`spatialcore.annotation.unknown.query_sample`, in standard deviations of the other groups, at most 4. Its
coefficients stay near -.6, -.5, -1.2 and -.4, since ten classes say little about them; the intercept is free. A second
regression on these log odds alone, with a slope that is drawn less towards 1, gives the final ones: they are nearer to
zero in a query whose hidden classes look like the others.

With s the log odds of a group, s_0 what a fifth of the confident cells exceed plus 2.5, but at least -.2 and at most
.45, and ``l = 11 max(s - s_0, 0)`` the suspicion, a confidence c above .72 becomes ``.72 + (c - .72) / (1 + l)``: the
group is doubted, not refuted. The limit is low where most groups are clearly known, since a sister of a class is less
unlike it than most classes that are hidden. In a query of fewer than ten clusters, one group may be a whole class, and
the log odds vary more: the limit is 2 higher.

A term above the class is doubted as much if the group shows less than .6 of the usual share of its signature, and not
at all above .7: a hidden sister of the class ends at the term that both have in common.

Nothing here is fitted to labels of the query. The constants were compared on open pairs, where about five of a hundred
cells of known types lose their call (docs/benchmarks/hidden-types.md).
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from scipy.special import expit

from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.unknown.query_sample import Groups, QuerySample
from spatialcore.annotation.unknown.weighted import weighted_quantile
from spatialcore.core.types import Floats

MAX_HIDDEN_CLASSES: Final = 10  # classes, the most frequent ones
MIN_CELLS: Final = 20  # of a class that is hidden
MIN_CLUSTERS: Final = 4  # of the query
SMALL_QUERY: Final = 10  # clusters; in a query of fewer ones, the limit is higher
SMALL_QUERY_LIMIT: Final = 2.0  # log odds, added
USUAL_SHARE: Final = 0.8  # of the confident cells
ABOVE_USUAL: Final = 2.5  # log odds
LIMITS: Final = (-0.2, 0.45)  # log odds; groups with lower ones are not suspected
SLOPE: Final = 11.0
MIN_CONFIDENCE: Final = 0.72  # confidence that is not lowered
DOUBTED_SLOPES: Final = (0.6, 0.7)  # a term is doubted like the class below, not at all above
STANDARD_LIMIT: Final = 4.0  # of features, in standard deviations
MIN_SPREAD: Final = 1e-3
PRIOR: Final = (-0.6, -0.5, -1.2, -0.4)  # of the coefficients
PENALTY: Final = 2.0
SLOPE_PENALTY: Final = 0.3  # of the slope of the log odds
STEPS: Final = 15  # of Newton's method


def suspicions(sample: QuerySample, n_clusters: int, tree: ClassTree | None) -> Floats:
    """Return the suspicion, clusters x classes x path; zeros where too few clusters or classes can be judged.

    Parameters
    ----------
    sample
        Cells of the query.
    n_clusters
        How many clusters the query has.
    tree
        The terms above the classes; the path is that of the class, and the class alone without a tree.
    """
    n_classes = sample.scores.shape[1]
    result = np.zeros((n_clusters, n_classes, 1 if tree is None else tree.paths.shape[1]))
    if n_clusters < MIN_CLUSTERS:
        return result
    groups = sample.groups(np.arange(n_classes))
    parts = list(_with_hidden_classes(sample, groups))
    if len(parts) < 2:
        return result
    features, is_hidden, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    odds = log_odds(features, is_hidden, weights, groups.features)
    usual = weighted_quantile(odds, groups.sums((sample.weights > 0).astype(np.float64)), USUAL_SHARE)
    limit = np.clip(usual + ABOVE_USUAL, *LIMITS) + (SMALL_QUERY_LIMIT if n_clusters < SMALL_QUERY else 0.0)
    suspicion = SLOPE * np.maximum(odds - limit, 0.0)[:, None]
    if tree is not None:
        suspicion = suspicion * _doubted(sample.term_slopes(groups, tree))
    result[groups.cluster, groups.best] = suspicion
    return result


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


def _with_hidden_classes(sample: QuerySample, groups: Groups) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield for each class that is hidden the features of the groups, twice: as groups of hidden and of other cells.

    With them: which is which, and the weights, which sum to one for each.
    """
    n_classes = sample.scores.shape[1]
    best, weights = groups.best[groups.group], sample.weights
    cells = np.bincount(best[weights > 0], minlength=n_classes)
    frequent = np.argsort(-cells, kind="stable")[:MAX_HIDDEN_CLASSES]
    for k in frequent if n_classes > 2 else ():
        if not MIN_CELLS <= cells[k] < cells.sum():
            continue
        without = sample.groups(np.delete(np.arange(n_classes), k))
        hidden, others = (without.sums(weights * part) for part in (best == k, best != k))
        yield (
            np.vstack([without.features, without.features]),
            np.repeat([1.0, 0.0], len(hidden)),
            np.concatenate([hidden / hidden.sum(), others / others.sum()]),
        )


def log_odds(features: Floats, is_hidden: Floats, weights: Floats, groups: Floats) -> Floats:
    """Fit both regressions, and return the log odds of groups of being of a hidden class.

    Parameters
    ----------
    features, is_hidden, weights
        Rows x features, 0 or 1, and the weight of each row.
    groups
        Groups x features.
    """
    weights = weights / weights.sum()
    of_others = weights * (1 - is_hidden) / (weights @ (1 - is_hidden))
    mean = of_others @ features
    spread = np.sqrt(of_others @ (features - mean) ** 2) + MIN_SPREAD
    tables = [np.clip((table - mean) / spread, -STANDARD_LIMIT, STANDARD_LIMIT) for table in (features, groups)]
    *slopes, intercept = _fit(tables[0], is_hidden, weights, PENALTY, PRIOR)
    fitted, asked = (table @ slopes + intercept for table in tables)
    slope, intercept = _fit(fitted[:, None], is_hidden, weights, SLOPE_PENALTY, (1.0,))
    odds: Floats = slope * asked + intercept
    return odds


def _fit(table: Floats, target: Floats, weights: Floats, penalty: float, prior: Sequence[float]) -> Floats:
    """Return the coefficients of the ridge and the intercept, which is free."""
    n = table.shape[1]
    with_ones = np.column_stack([table, np.ones(len(table))])
    return fit_ridge(with_ones, target, weights, np.array([penalty] * n + [0.0]), np.array([*prior, 0.0]))


def fit_ridge(table: Floats, target: Floats, weights: Floats, penalty: Floats, prior: Floats) -> Floats:
    """Fit weighted logistic regression with coefficients drawn towards given ones, by Newton's method.

    Parameters
    ----------
    table, target, weights
        Rows x features, 0 or 1, and the weight of each row.
    penalty
        Of half the square of each coefficient's difference from its prior.
    prior
        Of the coefficients.
    """
    coefficients: Floats = prior.copy()
    for _ in range(STEPS):
        probability = expit(table @ coefficients)
        slope = table.T @ (weights * (probability - target)) + penalty * (coefficients - prior)
        curvature = (table * (weights * probability * (1 - probability))[:, None]).T @ table + np.diag(penalty)
        step = np.linalg.solve(curvature + 1e-12 * np.eye(len(slope)), slope)
        coefficients -= step
        if np.abs(step).max() < 1e-8:
            break
    return coefficients
