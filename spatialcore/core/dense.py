"""Dense matrices in memory or on disk, read by rows of chunks."""

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from spatialcore.core import blocks
from spatialcore.core.blocks import as_float32, chunk_length
from spatialcore.core.types import Floats, Ints, Numbers, StoredArray, Transform


class DenseMatrix:
    """Dense matrix: a numpy array, or an HDF5 or zarr array that is read by rows of chunks."""

    def __init__(self, source: StoredArray) -> None:
        self.source = source
        self.shape: tuple[int, int] = (int(source.shape[0]), int(source.shape[1]))

    def _blocks(self, rows: Ints) -> Iterator[tuple[int, int, Numbers]]:
        """Yield (begin, end, array of the selected rows); each row of chunks is decompressed once."""
        chunk = 1 if isinstance(self.source, np.ndarray) else chunk_length(self.source)
        length = max(chunk, blocks.BLOCK_VALUES // max(1, self.shape[1]) // chunk * chunk)
        block_of_row = rows // length
        for block in np.unique(block_of_row):
            begin, end = np.searchsorted(block_of_row, [block, block + 1])
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

    def sample_values(self, n: int, rng: np.random.Generator) -> Numbers:
        """Return random non-zero values of random rows."""
        n_rows = min(self.shape[0], max(1, min(256, blocks.BLOCK_VALUES // max(1, self.shape[1]))))
        rows = np.sort(rng.choice(self.shape[0], n_rows, replace=False)) if n_rows else np.empty(0, np.int64)
        parts = [np.asarray(self.source[int(row)]) for row in rows]
        sampled = np.concatenate(parts) if parts else np.empty(0)
        sampled = sampled[sampled != 0]
        return sampled if len(sampled) <= n else rng.choice(sampled, n, replace=False)
