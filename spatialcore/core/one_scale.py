"""Check cell by cell that a matrix has one scale: a mean over all cells would hide a few exceptions."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from spatialcore.core.compressed import rows_of
from spatialcore.core.counts import MAX_COUNTS, TOLERANCE
from spatialcore.core.types import Floats, Ints

ScaleKind = Literal["counts", "logarithms"]

MIN_VALUES = 5  # of a cell that is checked
MIN_INTEGER_SHARE = 0.5
NEARLY_ALL = 0.95
MAX_LOG = 24.0
ROUNDING = 0.5  # of each value
MIN_CELLS = 3
MIN_CELL_SHARE = 0.01  # by chance, single cells look like rounded shares
MIN_ROUNDED_VALUES = 10  # of a cell that may hold rounded shares
MIN_SMALLEST_SHARE = 0.1
MIN_ROUNDED_COUNT = 3  # of one count; between 2 and 4 before rounding, no value is certainly out of place
BLOCK_CELLS = 500


def odd_cells(values: sp.csr_matrix, kind: ScaleKind) -> dict[str, int]:
    """Count the cells that are not on the expected scale, per kind of fault; empty if there are none.

    Parameters
    ----------
    values
        Cells x genes as stored, float32.
    kind
        What the cells should hold: "counts", or "logarithms" of scaled counts.
    """
    cells = _measured(values)
    invalid = {"NaN": cells.nan, "infinite values": cells.infinite, "negative values": cells.negative}
    if any(odd.any() for odd in invalid.values()):
        return _numbers(invalid)
    checked = cells.sizes >= MIN_VALUES
    if kind == "counts":
        return _numbers(
            {
                "fractions": checked & (cells.near_integers < MIN_INTEGER_SHARE),
                f"more than {MAX_COUNTS:g} counts": cells.sums > MAX_COUNTS,
                "rounded shares of one total": _rounded(values, cells),
            }
        )
    linear = cells.largest > MAX_LOG
    varied = cells.largest > 1.5 * cells.smallest
    return _numbers(
        {
            "values too large for logarithms": linear,
            "counts": ~linear & checked & varied & (cells.near_integers >= NEARLY_ALL),
        }
    )


def _numbers(odd: dict[str, NDArray[np.bool_]]) -> dict[str, int]:
    return {what: int(cells.sum()) for what, cells in odd.items() if cells.any()}


def rounded_shares(values: sp.csr_matrix) -> NDArray[np.bool_]:
    """Return the cells whose integers are shares of one total, rounded, such as 10,000 per cell.

    One count became the smallest value of such a cell, which is at least 3 and frequent, two counts became twice as
    much, and nothing lies between. The totals differ by no more than the rounding of the values. Fewer than one cell
    in a hundred may look so by chance.

    Examples
    --------
    >>> counts = np.random.default_rng(0).poisson(0.5, (20, 400)) * np.linspace(1, 3, 20)[:, None].astype(int)
    >>> shares = np.round(counts / counts.sum(axis=1, keepdims=True) * 10_000)
    >>> int(rounded_shares(sp.csr_matrix(shares)).sum()), int(rounded_shares(sp.csr_matrix(counts)).sum())
    (20, 0)
    """
    return _rounded(values, _measured(values))


@dataclass(frozen=True)
class _Cells:
    """Measures of the values of each cell.

    Parameters
    ----------
    sizes, sums
        Number and sum of the values.
    smallest, largest
        infinite and 0 for a cell without values.
    near_integers
        Share of the values that are within the tolerance of an integer; 1 for a cell without values.
    nan, infinite, negative
        Whether the cell has such a value.
    """

    sizes: Ints
    sums: Floats
    smallest: Floats
    largest: Floats
    near_integers: Floats
    nan: NDArray[np.bool_]
    infinite: NDArray[np.bool_]
    negative: NDArray[np.bool_]


def _measured(values: sp.csr_matrix) -> _Cells:
    """Measure the cells, a block at a time, so that no array of the size of the matrix is made."""
    parts = [_measured_block(block) for block in _blocks(values)]
    return _Cells(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(_Cells)))


def _blocks(values: sp.csr_matrix) -> Iterator[sp.csr_matrix]:
    for first in range(0, max(values.shape[0], 1), BLOCK_CELLS):
        pointers = values.indptr[first : first + BLOCK_CELLS + 1]
        begin, end = pointers[0], pointers[-1]
        yield rows_of(values.data[begin:end], values.indices[begin:end], pointers - begin, values.shape[1])


def _measured_block(values: sp.csr_matrix) -> _Cells:
    data, sizes = values.data, np.diff(values.indptr)
    sums = np.bincount(np.repeat(np.arange(len(sizes)), sizes), weights=data, minlength=len(sizes))
    with np.errstate(invalid="ignore"):  # infinite values, which are reported
        near = np.abs(data - np.round(data)) < TOLERANCE
    return _Cells(
        sizes=sizes,
        sums=sums.astype(np.float64),
        smallest=_smallest(values),
        largest=np.asarray(values.max(axis=1).toarray(), dtype=np.float64).ravel(),
        near_integers=np.where(sizes > 0, _count(values, near) / np.maximum(sizes, 1), 1.0),
        nan=_count(values, np.isnan(data)) > 0,
        infinite=_count(values, np.isinf(data)) > 0,
        negative=_count(values, data < 0) > 0,
    )


def _count(values: sp.csr_matrix, selected: NDArray[np.bool_]) -> Ints:
    """Return the number of selected values of each cell."""
    if selected.all() or not selected.any():  # of most measures
        return np.diff(values.indptr) * int(selected.all())
    counted: Ints = np.diff(np.concatenate([[0], np.cumsum(selected)])[values.indptr])
    return counted


def _smallest(values: sp.csr_matrix) -> Floats:
    smallest = np.full(values.shape[0], np.inf)
    has_values = np.diff(values.indptr) > 0
    if has_values.any():
        smallest[has_values] = np.minimum.reduceat(values.data, values.indptr[:-1][has_values])
    return smallest


def _rounded(values: sp.csr_matrix, cells: _Cells) -> NDArray[np.bool_]:
    """See `rounded_shares`."""
    varied, large = cells.largest > cells.smallest, cells.smallest >= MIN_ROUNDED_COUNT
    candidates = np.flatnonzero((cells.sizes >= MIN_ROUNDED_VALUES) & large & varied)
    blocks = np.split(candidates, range(BLOCK_CELLS, len(candidates), BLOCK_CELLS))
    is_share = np.zeros(len(cells.sizes), dtype=bool)
    is_share[candidates] = np.concatenate([_have_steps(values[rows], cells.smallest[rows]) for rows in blocks])
    if is_share.sum() < max(MIN_CELLS, MIN_CELL_SHARE * len(is_share)):
        return np.zeros_like(is_share)
    near = np.abs(cells.sums - np.median(cells.sums[is_share])) <= ROUNDING * cells.sizes
    return is_share & near if near[is_share].mean() >= NEARLY_ALL else np.zeros_like(is_share)


def _have_steps(values: sp.csr_matrix, smallest: Floats) -> NDArray[np.bool_]:
    """Return whether the values of each cell are integers, many are the smallest one, and none is the next few."""
    data, sizes = values.data, np.diff(values.indptr)
    smallest_of_cell = np.repeat(smallest, sizes)
    frequent = _count(values, data == smallest_of_cell) / sizes >= MIN_SMALLEST_SHARE
    between = (data > smallest_of_cell) & (data < 2 * smallest_of_cell - 3 * ROUNDING)
    no_step: NDArray[np.bool_] = _count(values, (data != np.round(data)) | between) == 0
    return frequent & no_step
