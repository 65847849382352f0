"""A temporary copy of the values of a compressed matrix, in few bytes and without compression.

A run reads a matrix in a file about ten times. Counts and column numbers below 256 or 65,536 are stored in one or two
bytes, so that a pass over the copy takes a tenth of the time of decompressing the file.
"""

import os
import tempfile
from typing import Any, BinaryIO, Final

import numpy as np

from spatialcore.core.logging import get_logger
from spatialcore.core.types import Numbers, StoredArray

log = get_logger(__name__)

BLOCK: Final = 1_000_000
_NARROW: Final = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.uint32))


class ScratchArray:
    """One-dimensional array in a temporary file that ends with this object; slices are read on access.

    Parameters
    ----------
    source
        Array to copy, in memory or in a file.

    Examples
    --------
    >>> copy = ScratchArray(np.array([3.0, 0.0, 1.0]))
    >>> copy[1:].tolist(), copy.shape
    ([0.0, 1.0], (3,))
    """

    def __init__(self, source: StoredArray) -> None:
        self.shape: tuple[int, ...] = (int(source.shape[0]),)
        self.dtype = np.dtype(source.dtype)
        self._file: BinaryIO = tempfile.TemporaryFile(prefix="spatialcore-", buffering=0)  # noqa: SIM115
        self._blocks: list[tuple[int, np.dtype[Any]]] = []
        offset = 0
        for first in range(0, self.shape[0], BLOCK):
            values = narrowed(np.asarray(source[first : first + BLOCK]))
            self._blocks.append((offset, values.dtype))
            offset += values.nbytes
            if self._file.write(values.tobytes()) != values.nbytes:
                raise OSError("the temporary folder has no space")

    def __getitem__(self, rows: slice) -> Numbers:
        """Read consecutive values, with the type of the source."""
        first, last, _ = rows.indices(self.shape[0])
        result = np.empty(max(0, last - first), self.dtype)
        for number in range(first // BLOCK, -(-last // BLOCK)):
            begin, end = max(first, number * BLOCK), min(last, (number + 1) * BLOCK)
            offset, dtype = self._blocks[number]
            at = offset + (begin - number * BLOCK) * dtype.itemsize
            stored = os.pread(self._file.fileno(), (end - begin) * dtype.itemsize, at)  # threads share the file
            result[begin - first : end - first] = np.frombuffer(stored, dtype)
        return result


def narrowed(values: Numbers) -> Numbers:
    """Return values in the narrowest unsigned type that holds them exactly; unchanged if none does.

    Examples
    --------
    >>> narrowed(np.array([1.0, 300.0])).dtype, narrowed(np.array([0.5])).dtype
    (dtype('uint16'), dtype('float64'))
    """
    if not len(values) or not values.min() >= 0:  # a NaN makes this false
        return values
    largest = float(values.max())
    for dtype in _NARROW:
        if largest <= np.iinfo(dtype).max and dtype.itemsize < values.dtype.itemsize:
            narrow = values.astype(dtype)
            return narrow if np.array_equal(narrow, values) else values
    return values


def scratch_copy(source: StoredArray) -> StoredArray:
    """Return a temporary copy of an array in a file; the array itself where there is no room for one."""
    try:
        return ScratchArray(source)
    except OSError as error:
        log.warning("no temporary copy of the counts, reading takes longer: %s", error)
        return source
