"""Which groups of a query's cells look like cells of a class that the model does not have.

What an unseen type looks like among the calls differs from query to query, so it is learnt from the query itself. Each
frequent class is hidden from the model in turn: its cells are then called by the most similar class, as cells of an
unseen type are. A logistic regression separates their groups from the others by the four features of
:mod:`spatialcore.annotation.unknown.query_sample`, in standard deviations of the other groups, at most 4. Its
coefficients stay near -.6, -.5, -1.2 and -.4, since ten classes say little about them; the intercept is free. A second
regression on these log odds alone, with a slope that is drawn less towards 1, gives the final ones: they are nearer to
zero in a query whose hidden classes look like the others.

Nothing here is fitted to labels of the query. The constants were compared on open pairs, where about four of a hundred
cells of known types lose their call (docs/benchmarks/hidden-types.md).
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from scipy.special import expit

from spatialcore.annotation.unknown.query_sample import MIN_WEIGHT, Groups, QuerySample
from spatialcore.core.types import Floats

MAX_HIDDEN_CLASSES: Final = 10  # classes, the most frequent ones
MIN_CELLS: Final = 20  # of a class that is hidden
STANDARD_LIMIT: Final = 4.0  # of features, in standard deviations
MIN_SPREAD: Final = 1e-3
PRIOR: Final = (-0.6, -0.5, -1.2, -0.4)  # of the coefficients
USUAL_ODDS: Final = -2.0  # of a group with usual features, where they are not learnt
PENALTY: Final = 2.0
SLOPE_PENALTY: Final = 0.3  # of the slope of the log odds
STEPS: Final = 15  # of Newton's method


def group_odds(sample: QuerySample, groups: Groups) -> tuple[Floats, bool]:
    """Return the log odds of groups of being of a hidden class, and whether hidden classes were compared.

    Where fewer than two classes can be hidden, the usual coefficients rank the groups.

    Parameters
    ----------
    sample
        Cells of the query.
    groups
        Their groups, with all classes.
    """
    parts = list(_with_hidden_classes(sample, groups))
    if len(parts) < 2:
        weights = groups.sums(sample.weights + MIN_WEIGHT)
        (standard,) = _standardized([groups.features], groups.features, weights / weights.sum())
        return standard @ PRIOR + USUAL_ODDS, False
    features, is_hidden, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return log_odds(features, is_hidden, weights, groups.features), True


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
    tables = _standardized([features, groups], features, of_others)
    *slopes, intercept = _fit(tables[0], is_hidden, weights, PENALTY, PRIOR)
    fitted, asked = (table @ slopes + intercept for table in tables)
    slope, intercept = _fit(fitted[:, None], is_hidden, weights, SLOPE_PENALTY, (1.0,))
    odds: Floats = slope * asked + intercept
    return odds


def _standardized(tables: list[Floats], features: Floats, weights: Floats) -> list[Floats]:
    """Return tables in standard deviations of weighted rows of features, within the limit."""
    mean = weights @ features
    spread = np.sqrt(weights @ (features - mean) ** 2) + MIN_SPREAD
    return [np.clip((table - mean) / spread, -STANDARD_LIMIT, STANDARD_LIMIT) for table in tables]


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
