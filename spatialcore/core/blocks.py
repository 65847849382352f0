"""Helpers for reading matrices in blocks of a bounded number of values."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from spatialcore.core.types import Ints, Numbers, StoredArray
from spatialcore.errors import InputError

BLOCK_VALUES = 2_000_000


def as_float32(values: Numbers) -> NDArray[np.float32]:
    """Return values as float32. Values out of range become infinite; `check_non_negative` refuses them later."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def as_csr(values: Any) -> sp.csr_matrix:
    """Return a dense or sparse block as CSR without stored zeros.

    Dense values of a type that scipy has no sparse matrices of (float16, object) become float32.

    Examples
    --------
    >>> as_csr(np.eye(2, dtype=np.float16)).dtype
    dtype('float32')
    """
    if sp.issparse(values):
        # scipy would copy the values of a block that is part of larger arrays
        matrix: Any = values
        return without_stored_zeros(matrix if isinstance(matrix, sp.csr_matrix) else sp.csr_matrix(matrix))
    dense: Any = np.asarray(values)
    if not dense.dtype.isnative or (dense.dtype.kind not in "biu" and dense.dtype not in (np.float32, np.float64)):
        dense = as_float32(dense)
    return sp.csr_matrix(dense)


def chunk_length(array: StoredArray) -> int:
    """Return the length of a chunk along the first dimension (an estimate for arrays without chunks)."""
    chunks = getattr(array, "chunks", None)
    return int(chunks[0]) if chunks else (4096 if len(array.shape) == 1 else 1)


def new_positions(length: int, selected: Ints | None) -> NDArray[np.int32] | None:
    """Return the new position of each of ``length`` lines, -1 for lines that are not selected; None for all lines."""
    if selected is None:
        return None
    positions = np.full(length, -1, np.int32)  # of columns, or of rows of one matrix
    positions[selected] = np.arange(len(selected))
    return positions


def check_range(indices: Numbers, length: int) -> None:
    """Raise if an index is out of bounds, which happens in damaged files only."""
    unsigned = indices.view(f"u{indices.dtype.itemsize}") if indices.dtype.kind == "i" else indices
    if len(indices) and int(unsigned.max()) >= length:  # a negative number is a large one without its sign
        raise InputError(
            f"damaged sparse matrix: index {int(indices.max())} is out of bounds for length {length}",
            hint="download or write the file again",
        )


def assemble_rows(
    values: list[Numbers], indices: list[Numbers], lengths: list[Numbers], shape: tuple[int, int]
) -> sp.csr_matrix:
    """Return a CSR matrix of blocks of rows, given as values, column indices and row lengths."""
    if not values:
        return sp.csr_matrix(np.empty((0, shape[1]), dtype=np.float32))
    pointers = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    dtype = np.int32 if pointers[-1] < np.iinfo(np.int32).max else np.int64
    matrix = sp.csr_matrix((np.concatenate(values), np.concatenate(indices), pointers.astype(dtype)), shape=shape)
    matrix.sort_indices()
    return matrix


def without_stored_zeros(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """Return a matrix that stores no zeros: itself, or a copy.

    Examples
    --------
    >>> matrix = sp.csr_matrix(([0, 2], [0, 1], [0, 2]), shape=(1, 2))
    >>> matrix.nnz, without_stored_zeros(matrix).nnz
    (2, 1)
    """
    if np.count_nonzero(matrix.data) == len(matrix.data):
        return matrix
    copy = matrix.copy()
    copy.eliminate_zeros()
    return copy
