"""Compressed sparse matrices in memory or on disk: CSR (lines are rows) and CSC (lines are columns)."""

import itertools
from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from spatialcore.core import blocks
from spatialcore.core.blocks import as_float32, assemble_rows, check_range, chunk_length, new_positions
from spatialcore.core.types import Floats, Ints, Numbers, StoredArray, Transform

DISK_WINDOW = 64
GATHERED_VALUES = 100_000  # at a time, with eight bytes each for their positions
FEW_ROWS = 1_000  # up to this number, reading row by row is faster than gathering


def rows_of(data: Numbers, indices: Numbers, indptr: Numbers, n_columns: int) -> sp.csr_matrix:
    """Return a CSR matrix that shares these arrays; scipy's constructor copies small views of large arrays."""
    table = sp.csr_matrix((len(indptr) - 1, n_columns), dtype=data.dtype)
    table.data, table.indices, table.indptr = data, indices, indptr
    return table


def view_rows(matrix: sp.csr_matrix, first: int, last: int) -> sp.csr_matrix:
    """Return consecutive rows of a CSR matrix that shares its values with it."""
    begin, end = int(matrix.indptr[first]), int(matrix.indptr[last])
    pointers = matrix.indptr[first : last + 1] - matrix.indptr[first]
    return rows_of(matrix.data[begin:end], matrix.indices[begin:end], pointers, matrix.shape[1])


def row_blocks(matrix: sp.csr_matrix, n_rows: int) -> Iterator[sp.csr_matrix]:
    """Yield consecutive rows of a CSR matrix, `n_rows` at a time, that share their values with it.

    Examples
    --------
    >>> [block.shape[0] for block in row_blocks(sp.eye(5, format="csr"), 2)]
    [2, 2, 1]
    """
    for first in range(0, matrix.shape[0], n_rows):
        yield view_rows(matrix, first, min(first + n_rows, matrix.shape[0]))


def rows_by_group(matrix: sp.csr_matrix, groups: Ints) -> Iterator[tuple[int, Ints, sp.csr_matrix]]:
    """Yield each group with its rows, as positions and as a matrix.

    Examples
    --------
    >>> [(k, rows.tolist()) for k, rows, _ in rows_by_group(sp.eye(3, format="csr"), np.array([2, 0, 2]))]
    [(0, [1]), (2, [0, 2])]
    """
    order = np.argsort(groups, kind="stable")
    ordered, edges = matrix[order], np.flatnonzero(np.diff(groups[order])) + 1
    for first, last in itertools.pairwise([0, *edges.tolist(), len(order)]):
        if last > first:
            yield int(groups[order[first]]), order[first:last], view_rows(ordered, first, last)


class Compressed:
    """Data, indices and line pointers, in memory or on disk."""

    def __init__(self, shape: tuple[int, int], data: StoredArray, indices: StoredArray, indptr: Numbers) -> None:
        self.shape = shape
        self.data, self.indices, self.indptr = data, indices, indptr

    def values(self) -> Iterator[Numbers]:
        """Yield all stored values, zeros too, in blocks."""
        for first in range(0, self.data.shape[0], blocks.BLOCK_VALUES):
            yield np.asarray(self.data[first : first + blocks.BLOCK_VALUES])

    def sample_values(self, n: int, rng: np.random.Generator) -> Numbers:
        """Return random non-zero values: single values in memory, short runs on disk (one chunk each)."""
        stored = int(self.indptr[-1])
        if stored <= n:
            sampled = np.asarray(self.data[:stored])
        elif isinstance(self.data, np.ndarray):
            sampled = np.asarray(self.data[rng.integers(0, stored, n)])
        else:
            starts = np.sort(rng.integers(0, stored - DISK_WINDOW, max(1, n // DISK_WINDOW)))
            sampled = np.concatenate([self.data[start : start + DISK_WINDOW] for start in starts])
        nonzero: Numbers = sampled[sampled != 0]
        return nonzero

    def _spans(self, lines: Ints) -> Iterator[tuple[int, int]]:
        """Split sorted lines into runs that are read with one request.

        Lines belong to one run if at most one chunk of other values is between them: that chunk is decompressed for
        its neighbours anyway.
        """
        first, last = self.indptr[lines].astype(np.int64), self.indptr[lines + 1].astype(np.int64)
        gap = 0 if isinstance(self.data, np.ndarray) else chunk_length(self.data)
        run_ends = [*(np.flatnonzero(first[1:] - last[:-1] > gap) + 1).tolist(), len(lines)]
        begin = 0
        for run_end in run_ends:
            while begin < run_end:
                most = first[begin] + max(blocks.BLOCK_VALUES, last[begin] - first[begin])
                end = begin + int(np.searchsorted(last[begin:run_end], most, side="right"))
                yield begin, end
                begin = end

    def _read_lines(self, lines: Ints) -> Iterator[tuple[int, int, Numbers, Numbers, Ints]]:
        """Yield (begin, end, values, indices, pointers) of runs of lines, without the values between the lines."""
        if isinstance(self.data, np.ndarray) and len(lines) > 1 and 2 * len(lines) < lines[-1] - lines[0]:
            yield from self._gather_lines(lines)
            return
        for begin, end in self._spans(lines):
            low, high = int(self.indptr[lines[begin]]), int(self.indptr[lines[end - 1] + 1])
            values, indices = np.asarray(self.data[low:high]), np.asarray(self.indices[low:high])
            first, last = self.indptr[lines[begin:end]] - low, self.indptr[lines[begin:end] + 1] - low
            pointers = np.concatenate([[0], np.cumsum(last - first)])
            if pointers[-1] != high - low:
                selected = np.repeat(first - pointers[:-1], np.diff(pointers)) + np.arange(pointers[-1])
                values, indices = values[selected], indices[selected]
            yield begin, end, values, indices, pointers

    def _gather_lines(self, lines: Ints) -> Iterator[tuple[int, int, Numbers, Numbers, Ints]]:
        """Yield the same for scattered lines in memory, many lines at a time, by fancy indexing."""
        first = self.indptr[lines].astype(np.int64)
        lengths = self.indptr[lines + 1] - first
        block = np.cumsum(lengths) // min(blocks.BLOCK_VALUES, GATHERED_VALUES)
        edges = [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), len(lines)]
        for begin, end in itertools.pairwise(edges):
            pointers = np.concatenate([[0], np.cumsum(lengths[begin:end])])
            selected = np.repeat(first[begin:end] - pointers[:-1], lengths[begin:end]) + np.arange(pointers[-1])
            yield begin, end, self.data[selected], self.indices[selected], pointers


class CompressedRows(Compressed):
    """CSR: rows are contiguous; columns are selected block by block."""

    def take(self, rows: Ints, columns: Ints | None = None) -> sp.csr_matrix:
        """See `Matrix.take`."""
        positions = new_positions(self.shape[1], columns)
        values: list[Numbers] = []
        indices: list[Numbers] = []
        lengths: list[Numbers] = []
        for _, _, data, column, pointers in self._read_lines(rows):
            check_range(column, self.shape[1])
            if positions is not None:
                column = positions[column]
                selected = np.flatnonzero(column >= 0)
                data, column, pointers = data[selected], column[selected], np.searchsorted(selected, pointers)
            if not data.all():
                selected = np.flatnonzero(data)
                data, column, pointers = data[selected], column[selected], np.searchsorted(selected, pointers)
            lengths.append(np.diff(pointers))
            values.append(as_float32(data))
            indices.append(column.astype(np.int32))
        shape = (len(rows), self.shape[1] if columns is None else len(columns))
        return assemble_rows(values, indices, lengths, shape)

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
        if isinstance(self.data, np.ndarray) and len(rows) <= FEW_ROWS:
            ends = zip(self.indptr[rows].tolist(), self.indptr[rows + 1].tolist(), strict=True)
            return np.array([transform(self.data[first:last].astype(np.float64)).sum() for first, last in ends])
        sums = np.zeros(len(rows))
        for begin, end, data, _, pointers in self._read_lines(rows):
            line = np.repeat(np.arange(end - begin), np.diff(pointers))
            sums[begin:end] = np.bincount(line, weights=transform(data.astype(np.float64)), minlength=end - begin)
        return sums


class CompressedColumns(Compressed):
    """CSC: only the selected columns are read; rows are selected block by block."""

    def _lines(self, rows: Ints, columns: Ints) -> Iterator[tuple[Numbers, Ints, Ints]]:
        positions = new_positions(self.shape[0], rows)
        for begin, end, data, row, pointers in self._read_lines(columns):
            check_range(row, self.shape[0])
            new = row if positions is None else positions[row]
            keep = (new >= 0) & (data != 0)
            yield data[keep], new[keep], np.repeat(np.arange(begin, end), np.diff(pointers))[keep]

    def take(self, rows: Ints, columns: Ints | None = None) -> sp.csr_matrix:
        """See `Matrix.take`."""
        selected = np.arange(self.shape[1]) if columns is None else columns
        order = np.argsort(selected, kind="stable")
        values: list[Numbers] = []
        indices: list[Numbers] = []
        lengths: list[Numbers] = []
        for data, row, line in self._lines(rows, selected[order]):
            values.append(as_float32(data))
            indices.append(row.astype(np.int32))
            lengths.append(np.bincount(line, minlength=len(selected)))
        counts = np.sum(lengths, axis=0) if lengths else np.zeros(len(selected), np.int64)
        by_column = assemble_rows(values, indices, [counts], (len(selected), len(rows)))
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
