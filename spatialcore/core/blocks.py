"""Reading in blocks of a bounded number of values: what every way of storing a matrix shares."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from spatialcore.core.types import Ints
from spatialcore.errors import InputError

BLOCK_VALUES = 2_000_000


def as_float32(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return values as float32; what is beyond its range becomes infinite, and is refused as no expression later."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def chunk_length(array: Any) -> int:
    """Return how many lines of an array on disk are unpacked together (some, where it has no chunks)."""
    chunks = getattr(array, "chunks", None)
    return int(chunks[0]) if chunks else (4096 if len(array.shape) == 1 else 1)


def places(length: int, wanted: Ints | None) -> Ints | None:
    """Return where each of ``length`` old positions goes, -1 for nowhere; None where nothing moves."""
    if wanted is None:
        return None
    place = np.full(length, -1, np.int64)
    place[wanted] = np.arange(len(wanted))
    return place


def check_range(indices: NDArray[Any], length: int) -> None:
    """Refuse an index that points outside of the matrix: only a damaged file has one."""
    if len(indices) and (int(indices.min()) < 0 or int(indices.max()) >= length):
        raise InputError(
            f"damaged sparse matrix: an index {int(indices.max())} in a matrix of length {length}",
            hint="the file was altered: fetch or write it again",
        )


def assemble_rows(
    values: list[NDArray[Any]], indices: list[NDArray[Any]], lengths: list[NDArray[Any]], shape: tuple[int, int]
) -> sp.csr_matrix:
    """Put blocks of rows together: their values, column indices and lengths."""
    if not values:
        return sp.csr_matrix(np.empty((0, shape[1]), dtype=np.float32))
    pointers = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    kind = np.int32 if pointers[-1] < np.iinfo(np.int32).max else np.int64
    matrix = sp.csr_matrix((np.concatenate(values), np.concatenate(indices), pointers.astype(kind)), shape=shape)
    matrix.sort_indices()
    return matrix
