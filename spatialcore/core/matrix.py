"""Rows of a matrix wherever it lies: numpy, scipy, HDF5 or zarr; dense, CSR or CSC.

The three classes share one contract, so that no caller asks how a matrix is stored:

- ``shape``
- ``take(rows, columns)``: the drawn rows and columns, as CSR float32
- ``row_floor(rows)``: the smallest non-zero value of each drawn row, over all columns
- ``row_sums(rows, transform)``: the sum of transformed non-zero values of each drawn row
- ``sample_values(n, rng)``: non-zero values drawn over the whole matrix

Each works in blocks of a bounded number of values, and what a block does not need is dropped before the next is read.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from spatialcore.errors import InputError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Transform = Callable[[NDArray[Any]], NDArray[Any]]

BLOCK_VALUES = 2_000_000
DISK_WINDOW = 64
EMPTY = np.empty(0)


class Matrix(Protocol):
    """What the rest of the package asks of a matrix."""

    shape: tuple[int, int]

    def take(self, rows: Ints, columns: Ints | None = None) -> sp.csr_matrix:
        """Return the drawn rows and columns; ``rows`` ascend."""

    def row_floor(self, rows: Ints) -> Floats:
        """Return the smallest non-zero value of each drawn row; NaN for an empty row."""

    def row_sums(self, rows: Ints, transform: Transform) -> Floats:
        """Return the sum of the transformed non-zero values of each drawn row."""

    def sample_values(self, n: int, rng: np.random.Generator) -> NDArray[Any]:
        """Return up to ``n`` non-zero values drawn over the whole matrix."""


def is_sparse(source: Any) -> bool:
    """Say whether a matrix is a scipy sparse one."""
    return bool(sp.issparse(source))


def open_matrix(source: Any) -> Matrix:
    """Give any matrix the contract of this module.

    Parameters
    ----------
    source
        numpy array, scipy sparse matrix, anndata's backed matrix, or an HDF5 or zarr array or sparse group.

    Raises
    ------
    InputError
        The object is no two-dimensional matrix.
    """
    if isinstance(source, CompressedRows | CompressedColumns | DenseMatrix):
        return source
    if is_sparse(source):
        stored = source if source.format in ("csr", "csc") else source.tocsr()
        return _compressed(stored.format, stored.shape, stored.data, stored.indices, stored.indptr)
    group = getattr(source, "group", None)  # anndata's backed sparse matrix; an h5py or zarr group has none
    group = source if group is None or callable(group) else group
    if hasattr(group, "keys") and "indptr" in group:
        return _compressed_group(group)
    if getattr(source, "ndim", 0) == 2:
        return DenseMatrix(source)
    raise InputError(f"{type(source).__name__} is no matrix of cells x genes", hint="pass a dense, CSR or CSC matrix")


def _compressed_group(group: Any) -> "CompressedRows | CompressedColumns":
    attrs = dict(group.attrs)
    kind = str(attrs.get("encoding-type", attrs.get("h5sparse_format", "csr")))[:3]
    shape = attrs.get("shape", attrs.get("h5sparse_shape"))
    if shape is None or not {"data", "indices"} <= set(group.keys()):
        raise InputError("a sparse matrix in the file lacks its shape, data or indices", hint="write the file again")
    return _compressed(kind, shape, group["data"], group["indices"], np.asarray(group["indptr"][:]))


def _compressed(
    kind: str, shape: Any, data: Any, indices: Any, indptr: NDArray[Any]
) -> "CompressedRows | CompressedColumns":
    n_rows, n_columns = (int(length) for length in shape)
    n_major = n_rows if kind == "csr" else n_columns
    steps = np.diff(indptr)
    sound = len(indptr) == n_major + 1 and data.shape[0] == indices.shape[0] == indptr[-1] and indptr[0] == 0
    if not sound or (steps < 0).any():
        raise InputError(
            f"damaged sparse matrix: {n_major} {kind} lines, indptr of {len(indptr)} entries, {data.shape[0]} values, "
            f"{indices.shape[0]} indices",
            hint="the file was cut off or altered: fetch or write it again",
        )
    return (CompressedRows if kind == "csr" else CompressedColumns)((n_rows, n_columns), data, indices, indptr)


class Compressed:
    """Data, indices and line pointers, in memory or on disk."""

    def __init__(self, shape: tuple[int, int], data: Any, indices: Any, indptr: NDArray[Any]) -> None:
        self.shape = shape
        self.data, self.indices, self.indptr = data, indices, indptr

    def sample_values(self, n: int, rng: np.random.Generator) -> NDArray[Any]:
        """Draw single values in memory, short runs from disk (a run costs one chunk)."""
        stored = int(self.indptr[-1])
        if stored <= n:
            drawn = np.asarray(self.data[:stored])
        elif isinstance(self.data, np.ndarray):
            drawn = np.asarray(self.data[rng.integers(0, stored, n)])
        else:
            starts = np.sort(rng.integers(0, stored - DISK_WINDOW, max(1, n // DISK_WINDOW)))
            drawn = np.concatenate([self.data[start : start + DISK_WINDOW] for start in starts])
        kept: NDArray[Any] = drawn[drawn != 0]
        return kept

    def _spans(self, lines: Ints) -> Iterator[tuple[int, int]]:
        """Cut the sorted lines into runs that are read in one go.

        Lines are read together when no more than a chunk lies unwanted between them: that chunk would be unpacked
        for either neighbour anyway.
        """
        first, last = self.indptr[lines].astype(np.int64), self.indptr[lines + 1].astype(np.int64)
        gap = 0 if isinstance(self.data, np.ndarray) else _chunk_length(self.data)
        begin = 0
        for i in range(1, len(lines) + 1):
            if (
                i == len(lines)
                or first[i] - last[i - 1] > gap
                or last[i] - first[begin] > max(BLOCK_VALUES, last[begin] - first[begin])
            ):
                yield begin, i
                begin = i

    def _read_lines(self, lines: Ints) -> Iterator[tuple[int, int, NDArray[Any], NDArray[Any], Ints]]:
        """Yield (begin, end, values, indices, pointers) of runs of the drawn lines, without what lies between them."""
        for begin, end in self._spans(lines):
            low, high = int(self.indptr[lines[begin]]), int(self.indptr[lines[end - 1] + 1])
            values, indices = np.asarray(self.data[low:high]), np.asarray(self.indices[low:high])
            first, last = self.indptr[lines[begin:end]] - low, self.indptr[lines[begin:end] + 1] - low
            pointers = np.concatenate([[0], np.cumsum(last - first)])
            if pointers[-1] != high - low:
                wanted = np.repeat(first - pointers[:-1], np.diff(pointers)) + np.arange(pointers[-1])
                values, indices = values[wanted], indices[wanted]
            yield begin, end, values, indices, pointers


class CompressedRows(Compressed):
    """CSR: the drawn rows lie together, columns are picked block by block."""

    def take(self, rows: Ints, columns: Ints | None = None) -> sp.csr_matrix:
        """See `Matrix.take`."""
        place = _places(self.shape[1], columns)
        values: list[NDArray[Any]] = []
        indices: list[NDArray[Any]] = []
        lengths: list[NDArray[Any]] = []
        for begin, end, data, column, pointers in self._read_lines(rows):
            _check_range(column, self.shape[1])
            new = column if place is None else place[column]
            keep = (data != 0) if place is None else (new >= 0) & (data != 0)
            line = np.repeat(np.arange(end - begin), np.diff(pointers))
            lengths.append(np.bincount(line[keep], minlength=end - begin))
            values.append(data[keep].astype(np.float32))
            indices.append(new[keep].astype(np.int32))
        shape = (len(rows), self.shape[1] if columns is None else len(columns))
        return _csr(values, indices, lengths, shape)

    def row_floor(self, rows: Ints) -> Floats:
        """See `Matrix.row_floor`."""
        floor = np.full(len(rows), np.inf)
        for begin, end, data, _, pointers in self._read_lines(rows):
            line = np.repeat(np.arange(begin, end), np.diff(pointers))
            filled = data > 0
            np.minimum.at(floor, line[filled], data[filled])
        return np.where(np.isfinite(floor), floor, np.nan)

    def row_sums(self, rows: Ints, transform: Transform) -> Floats:
        """See `Matrix.row_sums`."""
        sums = np.zeros(len(rows))
        for begin, end, data, _, pointers in self._read_lines(rows):
            line = np.repeat(np.arange(end - begin), np.diff(pointers))
            sums[begin:end] = np.bincount(line, weights=transform(data.astype(np.float64)), minlength=end - begin)
        return sums


class CompressedColumns(Compressed):
    """CSC: only the wanted columns are read, rows are picked block by block."""

    def _lines(self, rows: Ints, columns: Ints) -> Iterator[tuple[NDArray[Any], Ints, Ints]]:
        place = _places(self.shape[0], rows)
        for begin, end, data, row, pointers in self._read_lines(columns):
            _check_range(row, self.shape[0])
            new = row if place is None else place[row]
            keep = (new >= 0) & (data != 0)
            yield data[keep], new[keep], np.repeat(np.arange(begin, end), np.diff(pointers))[keep]

    def take(self, rows: Ints, columns: Ints | None = None) -> sp.csr_matrix:
        """See `Matrix.take`."""
        wanted = np.arange(self.shape[1]) if columns is None else columns
        order = np.argsort(wanted, kind="stable")
        values: list[NDArray[Any]] = []
        indices: list[NDArray[Any]] = []
        lengths: list[NDArray[Any]] = []
        for data, row, line in self._lines(rows, wanted[order]):
            values.append(data.astype(np.float32))
            indices.append(row.astype(np.int32))
            lengths.append(np.bincount(line, minlength=len(wanted)))
        counts = np.sum(lengths, axis=0) if lengths else np.zeros(len(wanted), np.int64)
        by_column = _csr(values, indices, [counts], (len(wanted), len(rows)))
        back = np.argsort(order)
        return by_column[back].T.tocsr() if (back[1:] < back[:-1]).any() else by_column.T.tocsr()

    def row_floor(self, rows: Ints) -> Floats:
        """See `Matrix.row_floor`."""
        floor = np.full(len(rows), np.inf)
        for data, row, _ in self._lines(rows, np.arange(self.shape[1])):
            np.minimum.at(floor, row[data > 0], data[data > 0])
        return np.where(np.isfinite(floor), floor, np.nan)

    def row_sums(self, rows: Ints, transform: Transform) -> Floats:
        """See `Matrix.row_sums`."""
        sums = np.zeros(len(rows))
        for data, row, _ in self._lines(rows, np.arange(self.shape[1])):
            sums += np.bincount(row, weights=transform(data.astype(np.float64)), minlength=len(rows))
        return sums


class DenseMatrix:
    """A two-dimensional array: numpy, or HDF5 or zarr in chunks."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.shape: tuple[int, int] = (int(source.shape[0]), int(source.shape[1]))

    def _blocks(self, rows: Ints) -> Iterator[tuple[int, int, NDArray[Any]]]:
        """Yield (begin, end, the drawn rows as an array); a row of chunks is unpacked once."""
        tall = 1 if isinstance(self.source, np.ndarray) else _chunk_length(self.source)
        length = max(tall, BLOCK_VALUES // max(1, self.shape[1]) // tall * tall)
        which = rows // length
        for block in np.unique(which):
            begin, end = np.searchsorted(which, [block, block + 1])
            low, high = int(rows[begin]), int(rows[end - 1]) + 1
            yield int(begin), int(end), np.asarray(self.source[low:high])[rows[begin:end] - low]

    def take(self, rows: Ints, columns: Ints | None = None) -> sp.csr_matrix:
        """See `Matrix.take`."""
        pieces = [
            sp.csr_matrix((block if columns is None else block[:, columns]).astype(np.float32))
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
        few = min(self.shape[0], max(1, min(256, BLOCK_VALUES // max(1, self.shape[1]))))
        rows = np.sort(rng.choice(self.shape[0], few, replace=False)) if few else np.empty(0, np.int64)
        parts = [np.asarray(self.source[int(row)]) for row in rows]
        drawn = np.concatenate(parts) if parts else EMPTY
        drawn = drawn[drawn != 0]
        return drawn if len(drawn) <= n else rng.choice(drawn, n, replace=False)


def _chunk_length(array: Any) -> int:
    """Return how many lines of an array on disk are unpacked together (some, where it has no chunks)."""
    chunks = getattr(array, "chunks", None)
    return int(chunks[0]) if chunks else (4096 if len(array.shape) == 1 else 1)


def _places(length: int, wanted: Ints | None) -> Ints | None:
    """Return where each of ``length`` old positions goes, -1 for nowhere; None where nothing moves."""
    if wanted is None:
        return None
    place = np.full(length, -1, np.int64)
    place[wanted] = np.arange(len(wanted))
    return place


def _check_range(indices: NDArray[Any], length: int) -> None:
    if len(indices) and (int(indices.min()) < 0 or int(indices.max()) >= length):
        raise InputError(
            f"damaged sparse matrix: an index {int(indices.max())} in a matrix of length {length}",
            hint="the file was altered: fetch or write it again",
        )


def _csr(
    values: list[NDArray[Any]], indices: list[NDArray[Any]], lengths: list[NDArray[Any]], shape: tuple[int, int]
) -> sp.csr_matrix:
    if not values:
        return sp.csr_matrix(np.empty((0, shape[1]), dtype=np.float32))
    pointers = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    kind = np.int32 if pointers[-1] < np.iinfo(np.int32).max else np.int64
    matrix = sp.csr_matrix((np.concatenate(values), np.concatenate(indices), pointers.astype(kind)), shape=shape)
    matrix.sort_indices()
    return matrix
