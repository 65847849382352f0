"""Orders of cells that depend on their counts or places only, so that results do not depend on the order in a file."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from spatialcore.core.types import Codes, Floats

BLOCK_VALUES: Final = 4_000_000
SEED: Final = 20


def row_hashes(counts: sparse.csr_matrix) -> NDArray[np.uint64]:
    """Return a number for each row that depends on its values and their columns; equal rows have equal numbers.

    It is the sum of each value's bits times an odd random number of its column, in integers, which is exact in any
    order of the values.

    Parameters
    ----------
    counts
        Cells x genes. The values are compared in single precision.

    Examples
    --------
    >>> first, second, third = row_hashes(sparse.csr_matrix([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]])).tolist()
    >>> first == third, first == second
    (True, False)
    """
    weights = np.random.default_rng(SEED).integers(0, 2**64, counts.shape[1], dtype=np.uint64) | np.uint64(1)
    hashes = np.zeros(counts.shape[0], np.uint64)
    step = max(1, BLOCK_VALUES * max(1, counts.shape[0]) // max(1, counts.nnz))
    for first in range(0, counts.shape[0], step):
        pointers = counts.indptr[first : first + step + 1].astype(np.int64)
        stored = slice(pointers[0], pointers[-1])
        bits = counts.data[stored].astype(np.float32).view(np.uint32).astype(np.uint64)
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(bits * weights[counts.indices[stored]])])
        hashes[first : first + step] = sums[pointers[1:] - pointers[0]] - sums[pointers[:-1] - pointers[0]]
    return hashes


def by_content(counts: sparse.csr_matrix) -> Codes:
    """Return the rows in an order that depends on their values only; equal rows follow each other.

    Examples
    --------
    >>> table = sparse.csr_matrix(np.arange(12.0).reshape(4, 3))
    >>> reversed_table = table[::-1]
    >>> (table[by_content(table)] != reversed_table[by_content(reversed_table)]).nnz
    0
    """
    order: Codes = np.argsort(row_hashes(counts), kind="stable")
    return order


def by_place(coordinates: Floats, *ties: Codes | Floats) -> Codes:
    """Return the rows sorted by their coordinates, the first one first, and by further values where these are equal.

    A k-d tree of cells in this order is the same whatever order the cells had, also where several are equally far.

    Parameters
    ----------
    coordinates
        Cells x dimensions.
    ties
        One value per cell each.

    Examples
    --------
    >>> by_place(np.array([[2.0, 1.0], [1.0, 5.0], [1.0, 3.0]])).tolist()
    [2, 1, 0]
    """
    order: Codes = np.argsort(coordinates[:, 0])
    first = coordinates[order, 0]
    same = first[1:] == first[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))  # sorted apart, in a quarter of the time
    rows = order[tied]
    order[tied] = rows[np.lexsort((*(values[rows] for values in ties[::-1]), *coordinates[rows].T[::-1]))]
    return order
