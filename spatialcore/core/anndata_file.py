"""An AnnData on disk (h5ad or zarr), read piece by piece.

Nothing is read until it is asked for. Columns of obs are read one at a time, in blocks, and only drawn rows are kept.
"""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem
from numpy.typing import NDArray

from spatialcore.core.categories import categorical
from spatialcore.core.matrix import Ints, Matrix, open_matrix
from spatialcore.core.normalization import RAW_LAYERS, Status, matrix_status
from spatialcore.errors import FileMissingError, InputError, LabelColumnError

BLOCK_ROWS = 100_000


class AnnDataFile:
    """An h5ad file or zarr store, open for reading.

    Parameters
    ----------
    path
        A ``.h5ad`` file, a ``.zarr`` folder or a zipped zarr.

    Raises
    ------
    FileMissingError
        There is nothing at the path.
    InputError
        It is damaged, or no AnnData.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._root = _open(self.path)
        try:
            missing = [key for key in ("obs", "var") if key not in self._root]
            if missing:
                raise InputError(f"{self.path} is no AnnData: it has no {' and no '.join(missing)}", hint=_AGAIN)
            self.obs_names_key = _index_key(self._root["obs"])
            self.n_obs = _frame_length(self._root["obs"])
            self.n_vars = _frame_length(self._root["var"])
        except _READ_ERRORS as error:
            self.close()
            raise damaged(self.path, error) from error
        except InputError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if isinstance(self._root, h5py.File):
            self._root.close()
        else:
            close = getattr(self._root.store, "close", None)
            if close is not None:
                close()

    @property
    def obs_columns(self) -> list[str]:
        """Names of the columns of obs, as written."""
        return _frame_columns(self._root["obs"])

    def var(self) -> pd.DataFrame:
        """Read the var frame whole: it grows with the genes, not with the cells."""
        return self._frame(self._root["var"])

    def labels(self, column: str) -> pd.Categorical:
        """Read a column of obs over all cells as a categorical of texts; NaN stays NaN.

        Raises
        ------
        LabelColumnError
            There is no such column.
        """
        if column not in self.obs_columns:
            raise LabelColumnError(
                f"Label column '{column}' not found in {self.path.name}. "
                f"Columns: {', '.join(self.obs_columns) or 'none'}",
                hint="list the columns with list(adata.obs.columns)",
            )
        return _as_text_categories(self._column("obs", column))

    def obs(self, rows: Ints, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read the drawn rows of obs: all columns, or the named ones."""
        names = _as_texts(self._column("obs", self.obs_names_key, rows))
        wanted = self.obs_columns if columns is None else list(columns)
        frame = pd.DataFrame(index=pd.Index(names, dtype=object))
        for column in wanted:
            values = self._column("obs", column, rows)
            frame[column] = values.remove_unused_categories() if isinstance(values, pd.Categorical) else values
        return frame

    def status(self, random_state: int = 42) -> Status:
        """Say where raw counts are and what X holds, as `check_normalization_status` does."""
        x = self.matrix("X") if "X" in self._root else None
        flag = "uns" in self._root and "log1p" in self._root["uns"]
        return matrix_status(self._candidates(), x, bool(flag), random_state=random_state)

    def matrix(self, source: str) -> Matrix:
        """Open a matrix by the name that `status` gives it: "X", "raw.X" or "layers/<name>".

        Raises
        ------
        InputError
            It is missing, damaged, or of another shape than obs and var.
        """
        key = "raw/X" if source == "raw.X" else source
        if key not in self._root:
            raise InputError(f"{self.path.name} has no {source}", hint="the expression matrix is X, raw.X or a layer")
        try:
            matrix = open_matrix(self._root[key])
        except _READ_ERRORS as error:
            raise damaged(self.path, error) from error
        width = self.n_vars if source != "raw.X" else matrix.shape[1]
        if matrix.shape != (self.n_obs, width):
            raise InputError(
                f"{self.path.name}: {source} is {matrix.shape[0]} x {matrix.shape[1]}, obs and var say "
                f"{self.n_obs} x {width}",
                hint=_AGAIN,
            )
        return matrix

    def var_of(self, source: str) -> pd.DataFrame:
        """Read the var frame that belongs to a matrix: raw.X may be wider than X."""
        return self._frame(self._root["raw/var"]) if source == "raw.X" else self.var()

    def keys(self, group: str) -> list[str]:
        """Return the names in a group such as "obsm" or "uns", none where there is no such group."""
        return list(self._root[group].keys()) if group in self._root else []

    def read(self, key: str) -> Any:
        """Read one element whole, such as "uns/name"; None where there is none."""
        return read_elem(self._root[key]) if key in self._root else None

    def uns_text(self, key: str) -> str | None:
        """Read a short text from uns, None where there is none."""
        if "uns" not in self._root or key not in self._root["uns"]:
            return None
        value = read_elem(self._root["uns"][key])
        return value if isinstance(value, str) else None

    def _candidates(self) -> Iterator[tuple[str, Matrix]]:
        for layer in RAW_LAYERS:
            if f"layers/{layer}" in self._root:
                yield f"layers/{layer}", self.matrix(f"layers/{layer}")
        if "raw/X" in self._root:
            yield "raw.X", self.matrix("raw.X")

    def _frame(self, element: Any) -> pd.DataFrame:
        try:
            frame: pd.DataFrame = read_elem(element)
        except _READ_ERRORS as error:
            raise damaged(self.path, error) from error
        frame.index = frame.index.astype(str)
        return frame

    def _column(self, group: str, column: str, rows: Ints | None = None) -> Any:
        """Read one column, of which only the drawn rows stay in memory."""
        frame = self._root[group]
        try:
            if not hasattr(frame, "keys"):  # written before anndata 0.7: one compound array
                return _legacy_column(frame, column, rows)
            element = frame[column]
            if hasattr(element, "keys") and {"codes", "categories"} <= set(element.keys()):
                return categorical(
                    _take(element["codes"], rows),
                    _unique(read_elem(element["categories"])),
                    ordered=bool(element.attrs.get("ordered", False)),
                )
            if hasattr(element, "keys") or "categories" in element.attrs:  # nullable columns and old categoricals
                whole = read_elem(element) if hasattr(element, "keys") else _old_categorical(frame, element)
                return whole if rows is None else whole[rows]
            return _take(element, rows)
        except _READ_ERRORS as error:
            raise damaged(self.path, error) from error


_AGAIN = "fetch or write the file again"
_READ_ERRORS = (
    OSError,
    KeyError,
    ValueError,
    TypeError,
    RuntimeError,
    AttributeError,
    IndexError,
    EOFError,
    OverflowError,
)


def damaged(path: Path, error: BaseException) -> InputError:
    """Return the error for a file that is not what it should be; one of ours is passed on."""
    if isinstance(error, InputError):
        return error
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return InputError(f"{path} cannot be read: damaged or no AnnData file ({first:.160})", hint=_AGAIN)


def _open(path: Path) -> Any:
    if not path.exists():
        raise FileMissingError(f"no file at {path}", hint="check the path; a URI needs its scheme (s3://, gs://)")
    try:
        if path.is_dir() or path.name.endswith(".zip"):
            import zarr

            return zarr.open_group(zarr.storage.ZipStore(path, mode="r") if path.is_file() else str(path), mode="r")
        return h5py.File(path, "r")
    except (*_READ_ERRORS, zipfile.BadZipFile) as error:
        raise damaged(path, error) from error


def _index_key(frame: Any) -> str:
    if not hasattr(frame, "keys"):
        return str(frame.dtype.names[0])
    key = frame.attrs.get("_index", "_index" if "_index" in frame else "index")
    return key.decode() if isinstance(key, bytes) else str(key)


def _frame_columns(frame: Any) -> list[str]:
    if not hasattr(frame, "keys"):
        return list(frame.dtype.names[1:])
    order = frame.attrs.get("column-order", None)
    named = [c.decode() if isinstance(c, bytes) else str(c) for c in (list(frame.keys()) if order is None else order)]
    return [column for column in named if column != _index_key(frame) and column != "__categories"]


def _frame_length(frame: Any) -> int:
    index = frame[_index_key(frame)] if hasattr(frame, "keys") else frame
    stored = index["codes"] if hasattr(index, "keys") and "codes" in index else index
    return int((stored["values"] if hasattr(stored, "keys") else stored).shape[0])


def _take(array: Any, rows: Ints | None) -> NDArray[Any]:
    """Read the drawn entries of a one-dimensional array, block by block."""
    length = int(array.shape[0])
    read = array.asstr() if isinstance(array, h5py.Dataset) and h5py.check_string_dtype(array.dtype) else array
    if rows is None:
        return _plain(np.asarray(read[:]))
    bounds = np.searchsorted(rows, np.arange(0, length + BLOCK_ROWS, BLOCK_ROWS))
    parts = [
        _plain(np.asarray(read[start : start + BLOCK_ROWS])[rows[low:high] - start])
        for start, low, high in zip(range(0, length, BLOCK_ROWS), bounds[:-1], bounds[1:], strict=False)
        if high > low
    ]
    return np.concatenate(parts) if parts else _plain(np.asarray(read[:0]))


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Return texts as Python objects, anything else as it is."""
    return values.astype(object) if values.dtype.kind in "UST" else values


def _legacy_column(frame: Any, column: str, rows: Ints | None) -> NDArray[Any]:
    values = frame[column] if rows is None else frame[column][rows]
    return np.array(
        [v.decode() if isinstance(v, bytes) else v for v in values], dtype=object if values.dtype.kind in "SO" else None
    )


def _old_categorical(frame: Any, element: Any) -> pd.Categorical:
    """Read a categorical as anndata 0.7 wrote it: codes, and a reference to their names."""
    return categorical(element[:], _take(frame.file[element.attrs["categories"]], None))


def _unique(categories: Any) -> Any:
    """Refuse two categories of one name, which pandas would answer with a riddle."""
    index = pd.Index(categories)
    if not index.is_unique:
        raise InputError(f"a categorical column names {index[index.duplicated()][0]!r} twice", hint="write it again")
    return index


def _as_text_categories(values: Any) -> pd.Categorical:
    labels = values if isinstance(values, pd.Categorical) else pd.Categorical(values)
    texts = [text_of(category) for category in labels.categories]
    codes, names = pd.factorize(np.asarray(texts, dtype=object))
    return categorical(np.where(labels.codes >= 0, codes[labels.codes], -1), names)


def text_of(value: Any) -> str:
    """Return a label as text: 3.0 is "3", spaces around it go."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _as_texts(values: Any) -> list[str]:
    return [str(value) for value in values]
