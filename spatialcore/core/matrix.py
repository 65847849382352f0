"""One interface to matrices in memory (numpy, scipy) and on disk (HDF5, zarr): dense, CSR or CSC.

`CompressedRows`, `CompressedColumns` and `DenseMatrix` implement the protocol `Matrix`, so callers do not depend on the
storage:

- ``shape``
- ``take(rows, columns)``: the selected rows and columns, as CSR float32
- ``row_floor(rows)``: the smallest non-zero value of each selected row, over all columns
- ``row_sums(rows, transform)``: the sum of the transformed non-zero values of each selected row
- ``sample_values(n, rng)``: random non-zero values of the whole matrix

All methods read blocks of a bounded number of values, and keep of a block only the selected values.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, cast
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp
from anndata.abc import CSRDataset

from spatialcore.core.compressed import CompressedColumns, CompressedRows
from spatialcore.core.dense import DenseMatrix
from spatialcore.core.on_disk.gzip_array import gzip_array
from spatialcore.core.on_disk.scratch import scratch_copy
from spatialcore.core.types import Floats, Ints, Numbers, StoredArray, StoredGroup, Transform
from spatialcore.errors import InputError

PART_ROWS = 50_000
PART_PLACES = 40_000_000  # rows x columns of a part
SAMPLED_ROWS = 1_000
COPIED_VALUES = 4_000_000
MAX_COPIES = 2
_OPENED: "WeakKeyDictionary[CSRDataset, CompressedRows]" = WeakKeyDictionary()
_COPIES: dict[tuple[Path, int, str], CompressedRows] = {}
_OPENING = Lock()  # threads copy the values once


class Matrix(Protocol):
    """Matrix of cells x genes, in memory or on disk."""

    shape: tuple[int, int]

    def take(self, rows: Ints, columns: Ints | None = None) -> sp.csr_matrix:
        """Return the selected rows and columns as CSR float32; ``rows`` must be sorted."""

    def row_floor(self, rows: Ints) -> Floats:
        """Return the smallest non-zero value of each selected row; NaN for an empty row."""

    def row_sums(self, rows: Ints, transform: Transform) -> Floats:
        """Return the sum of the transformed non-zero values of each selected row."""

    def sample_values(self, n: int, rng: np.random.Generator) -> Numbers:
        """Return up to ``n`` random non-zero values of the whole matrix."""


MatrixSource = Matrix | StoredArray | StoredGroup | sp.spmatrix | sp.sparray
"""What `open_matrix` accepts: numpy, scipy sparse, anndata's backed matrices, HDF5 and zarr arrays and groups."""


def is_sparse(source: object) -> bool:
    """Return whether an object is a scipy sparse matrix or array."""
    return bool(sp.issparse(source))


def is_on_disk(source: object) -> bool:
    """Return whether an object is anndata's matrix in a file, compressed by rows."""
    return isinstance(source, CSRDataset)


def open_matrix(source: MatrixSource) -> Matrix:
    """Wrap a matrix of any storage in the `Matrix` interface.

    Parameters
    ----------
    source
        numpy array, scipy sparse matrix, anndata's backed matrix, or an HDF5 or zarr array or sparse group.

    Returns
    -------
    Matrix
        Object with ``shape``, ``take``, ``row_floor``, ``row_sums`` and ``sample_values``.

    Raises
    ------
    InputError
        The object is not a two-dimensional matrix, or a sparse matrix in a file is damaged.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = open_matrix(np.array([[0.0, 2.0], [3.0, 4.0]]))
    >>> matrix.take(np.array([1])).toarray().tolist()
    [[3.0, 4.0]]
    """
    if isinstance(source, CompressedRows | CompressedColumns | DenseMatrix | SomeColumns):
        return source
    if is_sparse(source):
        matrix: Any = source
        stored = matrix if matrix.format in ("csr", "csc") else matrix.tocsr()
        return _compressed(stored.format, stored.shape, stored.data, stored.indices, stored.indptr)
    if is_on_disk(source):
        return _open_once(cast("CSRDataset", source))
    group: Any = getattr(source, "group", None)  # anndata's backed sparse matrix; an h5py or zarr group has none
    group = source if group is None or callable(group) else group
    if hasattr(group, "keys") and "indptr" in group:
        return _compressed_group(group)
    if getattr(source, "ndim", 0) == 2:
        return DenseMatrix(cast("StoredArray", as_numbers(source)))
    raise InputError(
        f"expected a matrix of cells x genes, got {type(source).__name__}", hint="pass a dense, CSR or CSC matrix"
    )


def as_numbers(matrix: Any) -> Any:
    """Return a dense matrix in memory with numbers: itself, or float32 if it holds Python objects.

    Raises
    ------
    InputError
        It holds texts or other objects.
    """
    if not isinstance(matrix, np.ndarray) or matrix.dtype.kind in "biuf":
        return matrix
    try:
        return matrix.astype(np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"a matrix of type {matrix.dtype} has values that are not numbers: {error}", hint="pass counts as numbers"
        ) from error


def _open_once(source: CSRDataset) -> CompressedRows:
    """Open a matrix in a file; row pointers are read and values copied once, as long as it is open."""
    with _OPENING:
        if source not in _OPENED:
            opened = cast("CompressedRows", _compressed_group(source.group))
            _OPENED[source] = _scratch_copy(opened, source)
        return _OPENED[source]


def _scratch_copy(opened: CompressedRows, source: CSRDataset) -> CompressedRows:
    """Return the matrix with its values in a temporary file; the last copies serve a file that is opened again."""
    path = Path(getattr(getattr(source.group, "file", None), "filename", ""))
    key = (path, path.stat().st_mtime_ns, source.group.name) if path.is_file() else None
    if key is not None and key in _COPIES:
        return _COPIES[key]
    if len(opened.indptr) <= 1 or opened.indptr[-1] < COPIED_VALUES:
        return opened
    copy = CompressedRows(opened.shape, scratch_copy(opened.data), scratch_copy(opened.indices), opened.indptr)
    if key is not None:
        while len(_COPIES) >= MAX_COPIES:
            del _COPIES[next(iter(_COPIES))]
        _COPIES[key] = copy
    return copy


def totals(source: Any) -> tuple[Floats, Floats]:
    """Return the sum of each row and of each column, float64; a matrix on disk is read in blocks."""
    if not is_on_disk(source):
        return np.asarray(source.sum(axis=1)).ravel(), np.asarray(source.sum(axis=0), dtype=np.float64).ravel()
    matrix, per_row, per_column = open_matrix(source), [], np.zeros(source.shape[1])
    n_rows = max(1, min(PART_ROWS, PART_PLACES // max(1, source.shape[1])))
    for rows in _parts(np.arange(source.shape[0]), n_rows):
        block = matrix.take(rows)
        per_row.append(np.asarray(block.sum(axis=1)).ravel())
        per_column += np.asarray(block.sum(axis=0), dtype=np.float64).ravel()
    return np.concatenate(per_row), per_column


def with_columns(matrix: Matrix, columns: Ints | None) -> Matrix:
    """Return a matrix of some columns of another; None is all of them."""
    return matrix if columns is None else SomeColumns(matrix, np.asarray(columns, dtype=np.int64))


class SomeColumns:
    """Columns of another matrix, under the contract of this module."""

    def __init__(self, whole: Matrix, columns: Ints) -> None:
        self.whole, self.columns = whole, columns
        self.shape = (whole.shape[0], len(columns))

    def take(self, rows: Ints, columns: Ints | None = None) -> sp.csr_matrix:
        """See `Matrix.take`."""
        return self.whole.take(rows, self.columns if columns is None else self.columns[columns])

    def row_floor(self, rows: Ints) -> Floats:
        """See `Matrix.row_floor`."""
        parts = [open_matrix(self.take(part)).row_floor(np.arange(len(part))) for part in _parts(rows)]
        return np.concatenate(parts) if parts else np.empty(0)

    def row_sums(self, rows: Ints, transform: Transform) -> Floats:
        """See `Matrix.row_sums`."""
        parts = [open_matrix(self.take(part)).row_sums(np.arange(len(part)), transform) for part in _parts(rows)]
        return np.concatenate(parts) if parts else np.empty(0)

    def sample_values(self, n: int, rng: np.random.Generator) -> Numbers:
        """Draw rows over the whole matrix, then values among theirs."""
        rows = np.sort(rng.choice(self.shape[0], min(self.shape[0], SAMPLED_ROWS), replace=False))
        values: Numbers = self.take(rows).data
        return values if len(values) <= n else rng.choice(values, n, replace=False)


def _parts(rows: Ints, n_rows: int = PART_ROWS) -> list[Ints]:
    return [rows[first : first + n_rows] for first in range(0, len(rows), n_rows)]


def _compressed_group(group: StoredGroup) -> "CompressedRows | CompressedColumns":
    attrs = dict(group.attrs)
    kind = str(attrs.get("encoding-type", attrs.get("h5sparse_format", "csr")))[:3]
    shape = attrs.get("shape", attrs.get("h5sparse_shape"))
    if shape is None or not {"data", "indices"} <= set(group.keys()):
        raise InputError("a sparse matrix in the file has no shape, data or indices", hint="write the file again")
    data, indices = gzip_array(group["data"]), gzip_array(group["indices"])
    return _compressed(kind, shape, data, indices, np.asarray(group["indptr"][:]))


def _compressed(
    kind: str, shape: Sequence[int], data: StoredArray, indices: StoredArray, indptr: Numbers
) -> "CompressedRows | CompressedColumns":
    n_rows, n_columns = (int(length) for length in shape)
    n_major = n_rows if kind == "csr" else n_columns
    if indptr.dtype.kind == "u":  # differences of unsigned numbers are never negative
        indptr = indptr.astype(np.int64)
    steps = np.diff(indptr)
    is_consistent = len(indptr) == n_major + 1 and data.shape[0] == indices.shape[0] == indptr[-1] and indptr[0] == 0
    if not is_consistent or (steps < 0).any():
        raise InputError(
            f"damaged sparse matrix ({kind}): {n_major} lines, {len(indptr)} entries in indptr, "
            f"{data.shape[0]} values, {indices.shape[0]} indices",
            hint="the file may be truncated: download or write it again",
        )
    return (CompressedRows if kind == "csr" else CompressedColumns)((n_rows, n_columns), data, indices, indptr)
