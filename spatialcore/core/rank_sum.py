"""Rank-sum statistics of groups of cells against all other cells, with tie correction, on sparse matrices."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix, issparse

from spatialcore.core.types import Codes, Floats


@dataclass(frozen=True)
class RankSum:
    """Rank-sum statistics, groups x variables.

    Parameters
    ----------
    auc
        Probability that a cell of the group has a higher value than another cell; ties count half.
    z
        Standardized rank-sum statistic, with the variance corrected for ties.
    """

    auc: Floats
    z: Floats


def rank_sum(X: csr_matrix | csc_matrix | Floats, codes: Codes, n_groups: int) -> RankSum:
    """Compare each group of cells with all other grouped cells, variable by variable.

    The zeros of a column are one tie and are not stored, so the cost depends on the non-zero values only.
    Formula: Mann and Whitney (1947); tie correction as in Lehmann, Nonparametrics (1975), section 1.4.

    Parameters
    ----------
    X
        Cells x variables.
    codes
        Group of each cell; cells with code -1 are excluded.
    n_groups
        Number of groups.
    """
    cells = np.flatnonzero(codes >= 0)
    codes = codes[cells].astype(np.intp)
    n_in = np.bincount(codes, minlength=n_groups).astype(np.float64)
    total = float(cells.size)
    matrix = csc_matrix(X) if issparse(X) else np.asarray(X)
    ranks, ties = _sums(matrix if cells.size == X.shape[0] else matrix[cells], codes, n_groups)
    pairs = n_in * (total - n_in)
    wins = ranks - (n_in * (n_in + 1) / 2)[:, None]
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
            stored = slice(X.indptr[j], X.indptr[j + 1])
            values, value_codes = X.data[stored], codes[X.indices[stored]]
        else:
            values, value_codes = X[:, j], codes
        sums[:, j], ties[j] = _column_sums(values, value_codes, size)
    return sums, ties


def _column_sums(values: NDArray[np.floating], codes: NDArray[np.intp], size: Floats) -> tuple[Floats, float]:
    nonzero = values != 0
    if not nonzero.all():
        values, codes = values[nonzero], codes[nonzero]
    values, codes = _sort_with_codes(values, codes)
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])) if values.size else np.empty(0, int)
    distinct, counts = values[starts], np.diff(np.append(starts, values.size)).astype(np.float64)
    n_zero = float(size.sum() - values.size)
    first = np.cumsum(counts) - counts + np.where(distinct > 0, n_zero, 0.0)
    ranks = np.repeat(first + (counts + 1) / 2, counts.astype(np.intp))
    zero_rank = counts[distinct < 0].sum() + (n_zero + 1) / 2
    n_nonzero = np.bincount(codes, minlength=size.size)
    sums = np.bincount(codes, weights=ranks, minlength=size.size) + (size - n_nonzero) * zero_rank
    return sums, float((counts**3 - counts).sum() + n_zero**3 - n_zero)


def _sort_with_codes(
    values: NDArray[np.floating], codes: NDArray[np.intp]
) -> tuple[NDArray[np.floating], NDArray[np.intp]]:
    """Sort values together with their codes.

    The bit patterns of positive float32 numbers sort like the numbers, so value and code are packed into one uint64;
    sorting these takes a third of the time of argsort and two look-ups.
    """
    if values.dtype != np.float32 or (values < 0).any():
        order = np.argsort(values)
        return values[order], codes[order]
    keys = np.empty(len(values), "<u8")
    halves = keys.view("<u4").reshape(-1, 2)  # the lower half first
    halves[:, 0], halves[:, 1] = codes, np.ascontiguousarray(values).view(np.uint32)
    keys.sort()
    return halves[:, 1].astype(np.uint32).view(np.float32), halves[:, 0].astype(np.intp)
