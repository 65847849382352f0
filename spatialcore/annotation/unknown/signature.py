"""How much of its class's signature a group of cells shows.

The signature of class k is by how much it differs from the other classes, gene by gene: ``y_kg = log R_kg - mean of
log R_lg over the classes l other than k``, with R the shares of the reference as measured. A group j that is called k
differs from the query's cells of the other classes by ``x_jg = log S_jg - mean of log S_lg``, with S_l the shares of
the cells that are called l. Gene efficiencies of the platform change S_j and all S_l by the same factors, so they
cancel.

Two measures compare x with y: the slope of x on y over all genes, and the sum of x by the sum of y over the markers of
the class, the genes by which it exceeds every other class most. Cells of the class have values that depend on the
query's ambient counts, cells of an unseen type lower ones.

A term above several classes has a signature as well: by how much the mean of its classes differs from the others.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.model.reference_fit import FLOOR
from spatialcore.annotation.unknown.weighted import group_means, summed
from spatialcore.core.types import Codes, Floats

N_MARKERS: Final = 10
MARKER_SHARE: Final = 0.2  # of the genes, at most
MIN_MARKERS: Final = 3
ENOUGH_CELLS: Final = 10.0  # a class with fewer confident cells counts less in the means
UNCERTAIN_WEIGHT: Final = 0.01  # of a cell that is not confident, in the shares of its class
OF_CLASS: Final = 0.5  # weight of the mean of the class in the measures of a group
EPSILON: Final = 1e-9


@dataclass(frozen=True)
class Signatures:
    """Measures of each group.

    Parameters
    ----------
    slope
        Over all genes.
    markers
        Over the markers of the class.
    """

    slope: Floats
    markers: Floats


def signatures(shares: Floats, best: Codes, confident: Floats, sizes: Floats, reference: Floats) -> Signatures:
    """Compare groups with the signatures of their classes; half of each measure is the mean over the class.

    Parameters
    ----------
    shares
        Share of each gene, groups x genes.
    best
        The class of each group.
    confident, sizes
        Sum of the confidence of its confident cells, and number of its cells.
    reference
        Share of each gene, classes x genes.

    Examples
    --------
    The second group of the third class lies between the first and the third class:

    >>> reference = np.array([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]])
    >>> shares = np.vstack([reference, (reference[0] + reference[2]) / 2])
    >>> cells = np.array([50.0, 50.0, 50.0, 0.0])
    >>> signatures(shares, np.array([0, 1, 2, 2]), cells, np.full(4, 50.0), reference).slope.round(2).tolist()
    [1.0, 1.0, 1.0, 0.77]
    """
    log_shares, log_reference = _logs(shares), _logs(reference)
    classes, weights = _called(shares, best, confident, sizes, len(reference))
    expected = _centered(log_reference - _mean_of_others(log_reference, weights))
    observed = _centered(log_shares - _mean_of_others(_logs(classes), weights)[best])
    slope = (observed * expected[best]).sum(axis=1) / ((expected**2).sum(axis=1) + EPSILON)[best]
    markers = _markers(log_reference)
    rows = np.arange(len(best))[:, None]
    of_groups = observed[rows, markers[best]].sum(axis=1)
    of_classes = np.maximum(expected[np.arange(len(reference))[:, None], markers].sum(axis=1), EPSILON)
    return Signatures(*(_with_class(value, confident, best) for value in (slope, of_groups / of_classes[best])))


def term_slopes(
    shares: Floats, best: Codes, confident: Floats, sizes: Floats, reference: Floats, tree: ClassTree
) -> Floats:
    """Return the slopes for the class of each group and for the terms above it, groups x path; NaN beyond its end.

    Parameters
    ----------
    shares, best, confident, sizes, reference
        As for :func:`signatures`.
    tree
        The terms above the classes.
    """
    log_shares, log_reference = _logs(shares), _logs(reference)
    classes, weights = _called(shares, best, confident, sizes, len(reference))
    log_classes, paths = _logs(classes), tree.paths[best]
    slopes = np.full(paths.shape, np.nan)
    for term in np.unique(paths[paths >= 0]):
        inside = tree.members[term] > 0
        others = np.where(inside, 0.0, weights)
        if not others.any():
            continue
        others = others / others.sum()
        expected = _centered((log_reference[inside].mean(axis=0) - others @ log_reference)[None])
        rows, steps = np.nonzero(paths == term)
        observed = _centered(log_shares[rows] - others @ log_classes)
        slopes[rows, steps] = (observed * expected).sum(axis=1) / ((expected**2).sum() + EPSILON)
    return slopes


def _logs(shares: Floats) -> Floats:
    logs: Floats = np.log(shares + FLOOR / shares.shape[1])
    return logs


def _centered(table: Floats) -> Floats:
    centered: Floats = table - table.mean(axis=1, keepdims=True)
    return centered


def _called(shares: Floats, best: Codes, confident: Floats, sizes: Floats, n_classes: int) -> tuple[Floats, Floats]:
    """Return the shares of the cells that are called each class, and the weight of the class in means."""
    classes = _class_shares(shares, best, confident + UNCERTAIN_WEIGHT * sizes, n_classes)
    weights: Floats = np.minimum(summed(confident, best, n_classes) / ENOUGH_CELLS, 1.0)
    if (weights > 0).sum() < 2:
        weights = np.where(np.bincount(best, minlength=n_classes) > 0, 1.0, 0.0)
    return classes, weights


def _class_shares(shares: Floats, best: Codes, weights: Floats, n_classes: int) -> Floats:
    """Return the mean shares of the groups of each class; zeros for a class without groups."""
    sums = np.zeros((n_classes, shares.shape[1]))
    for k in np.unique(best):
        inside = best == k
        sums[k] = weights[inside] @ shares[inside] / weights[inside].sum()
    return sums


def _mean_of_others(logs: Floats, weights: Floats) -> Floats:
    """Return for each class the weighted mean over all other classes."""
    others = np.maximum(weights.sum() - weights, EPSILON)[:, None]
    means: Floats = (weights @ logs - weights[:, None] * logs) / others
    return means


def _markers(logs: Floats) -> Codes:
    """Return the genes by which each class exceeds every other class most, classes x markers."""
    n_genes = logs.shape[1]
    n = min(N_MARKERS, max(MIN_MARKERS, int(MARKER_SHARE * n_genes)), n_genes)
    second, first = np.sort(logs, axis=0)[-2:]
    lead = logs - np.where(logs == first, second, first)
    markers: Codes = np.argsort(-lead, axis=1, kind="stable")[:, :n]
    return markers


def _with_class(values: Floats, confident: Floats, best: Codes) -> Floats:
    mixed: Floats = (1 - OF_CLASS) * values + OF_CLASS * group_means(values, confident + EPSILON, best)
    return mixed
