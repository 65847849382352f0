"""Dense matrices in memory or on disk, read a few rows of chunks at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from spatialcore.core import blocks
from spatialcore.core.blocks import Floats, Ints, Transform, as_float32, chunk_length

EMPTY = np.empty(0)


class DenseMatrix:
    """A two-dimensional array: numpy, or HDF5 or zarr in chunks."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.shape: tuple[int, int] = (int(source.shape[0]), int(source.shape[1]))

    def _blocks(self, rows: Ints) -> Iterator[tuple[int, int, NDArray[Any]]]:
        """Yield (begin, end, the drawn rows as an array); a row of chunks is unpacked once."""
        tall = 1 if isinstance(self.source, np.ndarray) else chunk_length(self.source)
        length = max(tall, blocks.BLOCK_VALUES // max(1, self.shape[1]) // tall * tall)
        which = rows // length
        for block in np.unique(which):
            begin, end = np.searchsorted(which, [block, block + 1])
            low, high = int(rows[begin]), int(rows[end - 1]) + 1
            yield int(begin), int(end), np.asarray(self.source[low:high])[rows[begin:end] - low]

    def take(self, rows: Ints, columns: Ints | None = None) -> sp.csr_matrix:
        """See `Matrix.take`."""
        pieces = [
            sp.csr_matrix(as_float32(block if columns is None else block[:, columns]))
            for _, _, block in self._blocks(rows)
        ]
        width = self.shape[1] if columns is None else len(columns)
        return sp.vstack(pieces, format="csr") if pieces else sp.csr_matrix(np.empty((0, width), dtype=np.float32))

    def row_floor(self, rows: Ints) -> Floats:
        """See `Matrix.row_floor`."""
        floor = np.full(len(rows), np.nan)
        for begin, end, block in self._blocks(rows):
            smallest = np.where(block > 0, block, np.inf).min(axis=1, initial=np.inf)
            floor[begin:end] = np.where(np.isfinite(smallest), smallest, np.nan)
        return floor

    def row_sums(self, rows: Ints, transform: Transform) -> Floats:
        """See `Matrix.row_sums`."""
        sums = np.zeros(len(rows))
        for begin, end, block in self._blocks(rows):
            sums[begin:end] = transform(block.astype(np.float64)).sum(axis=1)
        return sums

    def sample_values(self, n: int, rng: np.random.Generator) -> NDArray[Any]:
        """Draw rows over the whole matrix, then values among their non-zero ones."""
        few = min(self.shape[0], max(1, min(256, blocks.BLOCK_VALUES // max(1, self.shape[1]))))
        rows = np.sort(rng.choice(self.shape[0], few, replace=False)) if few else np.empty(0, np.int64)
        parts = [np.asarray(self.source[int(row)]) for row in rows]
        drawn = np.concatenate(parts) if parts else EMPTY
        drawn = drawn[drawn != 0]
        return drawn if len(drawn) <= n else rng.choice(drawn, n, replace=False)
