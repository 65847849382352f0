"""Check cell by cell that a matrix has one scale: a mean over all cells would hide a few exceptions."""

from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from spatialcore.core.counts import MOST_COUNTS, TOLERANCE
from spatialcore.core.types import Floats

ScaleKind = Literal["counts", "logarithms"]

MIN_VALUES = 5  # of a cell that is checked
MOSTLY = 0.5
NEARLY_ALL = 0.95
LARGEST_LOG = 24.0
ROUNDING = 0.5  # of each value
FEWEST_CELLS = 3
FEWEST_VALUES = 10  # of a cell that may hold rounded shares
OF_SMALLEST = 0.1


def odd_cells(values: sp.csr_matrix, kind: ScaleKind) -> dict[str, int]:
    """Count the cells that are not on the expected scale, per kind of fault; empty if there are none.

    Parameters
    ----------
    values
        Cells x genes as stored, float32.
    kind
        What the cells should hold: "counts", or "logarithms" of scaled counts.
    """
    invalid = _not_finite(values)
    if invalid:
        return invalid
    sizes = np.diff(values.indptr)
    whole = _share(values, np.abs(values.data - np.round(values.data)) < TOLERANCE)
    largest = _largest(values)
    checked = sizes >= MIN_VALUES
    if kind == "counts":
        odd = {
            "fractions": checked & (whole < MOSTLY),
            f"more than {MOST_COUNTS:g} counts": _sums(values) > MOST_COUNTS,
            "rounded shares of one total": rounded_shares(values),
        }
    else:
        linear = largest > LARGEST_LOG
        varied = largest > 1.5 * _smallest(values)
        odd = {
            "values too large for logarithms": linear,
            "counts": ~linear & checked & varied & (whole >= NEARLY_ALL),
        }
    return {what: int(cells.sum()) for what, cells in odd.items() if cells.any()}


def rounded_shares(values: sp.csr_matrix) -> NDArray[np.bool_]:
    """Return the cells whose integers are shares of one total, rounded, such as 10,000 per cell.

    One count became the smallest value of such a cell, which is larger than 1 and frequent, and the totals differ by no
    more than the rounding of the values.

    Examples
    --------
    >>> counts = np.random.default_rng(0).poisson(0.5, (20, 400)) * np.linspace(1, 3, 20)[:, None].astype(int)
    >>> shares = np.round(counts / counts.sum(axis=1, keepdims=True) * 10_000)
    >>> int(rounded_shares(sp.csr_matrix(shares)).sum()), int(rounded_shares(sp.csr_matrix(counts)).sum())
    (20, 0)
    """
    sizes, sums, smallest = np.diff(values.indptr), _sums(values), _smallest(values)
    rows = np.repeat(np.arange(values.shape[0]), sizes)
    frequent = _share(values, values.data == smallest[rows]) >= OF_SMALLEST
    whole = _share(values, values.data == np.round(values.data)) == 1
    varied = _largest(values) > smallest
    cells: NDArray[np.bool_] = (sizes >= FEWEST_VALUES) & (smallest > 1) & frequent & varied & whole
    if cells.sum() < FEWEST_CELLS:
        return np.zeros_like(cells)
    near = np.abs(sums - np.median(sums[cells])) <= ROUNDING * sizes
    return cells & near if near[cells].mean() >= NEARLY_ALL else np.zeros_like(cells)


def _not_finite(values: sp.csr_matrix) -> dict[str, int]:
    rows = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    bad = {
        "NaN": np.isnan(values.data),
        "infinite values": np.isinf(values.data),
        "negative values": values.data < 0,
    }
    return {what: len(np.unique(rows[cells])) for what, cells in bad.items() if cells.any()}


def _share(values: sp.csr_matrix, selected: NDArray[np.bool_]) -> Floats:
    """Return per cell the share of values that are selected; 1 for a cell without values."""
    rows = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    counted = np.bincount(rows[selected], minlength=values.shape[0])
    sizes = np.diff(values.indptr)
    return np.where(sizes > 0, counted / np.maximum(sizes, 1), 1.0)


def _sums(values: sp.csr_matrix) -> Floats:
    data = values.data.astype(np.float64)
    rows = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    return np.bincount(rows, weights=data, minlength=values.shape[0]).astype(np.float64)


def _largest(values: sp.csr_matrix) -> Floats:
    return np.asarray(values.max(axis=1).toarray(), dtype=np.float64).ravel()


def _smallest(values: sp.csr_matrix) -> Floats:
    smallest = np.full(values.shape[0], np.inf)
    has_values = np.diff(values.indptr) > 0
    if has_values.any():
        smallest[has_values] = np.minimum.reduceat(values.data, values.indptr[:-1][has_values])
    return smallest
