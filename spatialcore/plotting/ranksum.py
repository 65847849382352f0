"""Rank-sum statistics of every type against all other cells, from a sparse matrix and with ties accounted for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix, issparse

from spatialcore.core.types import Floats
from spatialcore.plotting.groups import Groups


@dataclass(frozen=True)
class RankSum:
    """One row per type, one column per variable.

    Parameters
    ----------
    auc
        Chance that a cell of the type has a higher value than one of the other cells; ties count half.
    z
        The rank-sum statistic in standard deviations, with the variance corrected for ties.
    """

    auc: Floats
    z: Floats


def rank_sum(X: csr_matrix | csc_matrix | Floats, groups: Groups) -> RankSum:
    """Compare each type with all other grouped cells, variable by variable.

    The zeros of a column are one tie and are never stored, so the cost grows with the non-zero values only.
    Formula: Mann and Whitney (1947); tie correction as in Lehmann, Nonparametrics (1975), section 1.4.

    Parameters
    ----------
    X
        Cells x variables. Cells with code -1 are left out.
    groups
        The types of the cells.
    """
    cells = np.flatnonzero(groups.codes >= 0)
    codes = groups.codes[cells]
    inside = groups.sizes.astype(np.float64)
    total = float(cells.size)
    matrix = csc_matrix(X) if issparse(X) else np.asarray(X)
    ranks, ties = _sums(matrix if cells.size == X.shape[0] else matrix[cells], codes, len(groups.names))
    pairs = inside * (total - inside)
    wins = ranks - (inside * (inside + 1) / 2)[:, None]
    variance = pairs[:, None] / 12 * (total + 1 - ties[None, :] / max(total * (total - 1), 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        auc = np.where(pairs[:, None] > 0, wins / pairs[:, None], np.nan)
        z = np.where(variance > 0, (wins - pairs[:, None] / 2) / np.sqrt(variance), 0.0)
    return RankSum(auc, z)


def _sums(X: csc_matrix | Floats, codes: NDArray[np.intp], n_groups: int) -> tuple[Floats, Floats]:
    """Return the rank sums (types x variables) and, per variable, the sum of t^3 - t over its ties of size t."""
    n_variables = X.shape[1]
    sums = np.empty((n_groups, n_variables))
    ties = np.empty(n_variables)
    size = np.bincount(codes, minlength=n_groups).astype(np.float64)
    for j in range(n_variables):
        if issparse(X):
            where = slice(X.indptr[j], X.indptr[j + 1])
            values, owners = X.data[where], codes[X.indices[where]]
        else:
            values, owners = X[:, j], codes
        sums[:, j], ties[j] = _one(values, owners, size)
    return sums, ties


def _one(values: NDArray[np.floating], owners: NDArray[np.intp], size: Floats) -> tuple[Floats, float]:
    stored = values != 0
    if not stored.all():
        values, owners = values[stored], owners[stored]
    values, owners = _sorted_together(values, owners)
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])) if values.size else np.empty(0, int)
    distinct, counts = values[starts], np.diff(np.append(starts, values.size)).astype(np.float64)
    n_zero = float(size.sum() - values.size)
    first = np.cumsum(counts) - counts + np.where(distinct > 0, n_zero, 0.0)
    ranks = np.repeat(first + (counts + 1) / 2, counts.astype(np.intp))
    zero_rank = counts[distinct < 0].sum() + (n_zero + 1) / 2
    n_stored = np.bincount(owners, minlength=size.size)
    sums = np.bincount(owners, weights=ranks, minlength=size.size) + (size - n_stored) * zero_rank
    return sums, float((counts**3 - counts).sum() + n_zero**3 - n_zero)


def _sorted_together(
    values: NDArray[np.floating], owners: NDArray[np.intp]
) -> tuple[NDArray[np.floating], NDArray[np.intp]]:
    """Sort values, and their owners along with them.

    The bits of positive 32-bit numbers stand in the order of the numbers, so value and owner fit into one whole number
    of 64 bits; sorting those takes a third of the time of an order and two look-ups.
    """
    if values.dtype != np.float32 or (values < 0).any():
        order = np.argsort(values)
        return values[order], owners[order]
    keys = (np.ascontiguousarray(values).view(np.uint32).astype(np.uint64) << np.uint64(32)) | owners.astype(np.uint64)
    keys.sort()
    return (keys >> np.uint64(32)).astype(np.uint32).view(np.float32), (keys & np.uint64(0xFFFFFFFF)).astype(np.intp)
