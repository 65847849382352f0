"""Read obs and var frames of a file by column and in blocks, in the encodings of all anndata versions."""

from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem
from pandas.api.extensions import ExtensionArray

from spatialcore.core.categories import categorical
from spatialcore.core.on_disk.containers import AGAIN
from spatialcore.core.types import Ints, Numbers, StoredArray
from spatialcore.errors import InputError

BLOCK_ROWS = 100_000

StoredFrame = Any
"""A frame in a file: an HDF5 or zarr group, or one compound array (anndata before 0.7)."""


def index_key(frame: StoredFrame) -> str:
    """Return the name of the column that is the index."""
    if not hasattr(frame, "keys"):
        return str(frame.dtype.names[0])
    key = frame.attrs.get("_index", "_index" if "_index" in frame else "index")
    return key.decode() if isinstance(key, bytes) else str(key)


def frame_columns(frame: StoredFrame) -> list[str]:
    """Return the names of the columns, in the order of the file."""
    if not hasattr(frame, "keys"):
        return list(frame.dtype.names[1:])
    order = frame.attrs.get("column-order", None)
    names = [c.decode() if isinstance(c, bytes) else str(c) for c in (list(frame.keys()) if order is None else order)]
    return [column for column in names if column != index_key(frame) and column != "__categories"]


def frame_length(frame: StoredFrame) -> int:
    """Return the number of rows."""
    index = frame[index_key(frame)] if hasattr(frame, "keys") else frame
    values = index["codes"] if hasattr(index, "keys") and "codes" in index else index
    return int((values["values"] if hasattr(values, "keys") else values).shape[0])


def read_column(frame: StoredFrame, column: str, rows: Ints | None = None) -> Numbers | pd.Categorical | ExtensionArray:
    """Read one column of a frame, all rows or the selected rows.

    Raises
    ------
    InputError
        The column and the frame differ in length, or a category occurs twice.
    """
    if not hasattr(frame, "keys"):  # anndata before 0.7: one compound array
        values: Numbers | pd.Categorical = _legacy_column(frame, column, rows)
        return values
    element = frame[column]
    _check_length(column, element, frame_length(frame))
    if hasattr(element, "keys") and {"codes", "categories"} <= set(element.keys()):
        return categorical(
            _take(element["codes"], rows),
            _unique(read_elem(element["categories"])),
            ordered=bool(element.attrs.get("ordered", False)),
        )
    if hasattr(element, "keys") or "categories" in element.attrs:  # nullable columns and old categoricals
        values = read_elem(element) if hasattr(element, "keys") else _old_categorical(frame, element)
        return values if rows is None else values[rows]
    return _take(element, rows)


def _check_length(column: str, element: Any, n_rows: int) -> None:
    """Raise if a column is longer or shorter than its frame: its values would be assigned to other cells."""
    parts = (
        [element[key] for key in ("codes", "values", "mask") if key in element]
        if hasattr(element, "keys")
        else [element]
    )
    for part in parts:
        if tuple(part.shape) != (n_rows,):
            raise InputError(f"column '{column}' has shape {tuple(part.shape)}, expected ({n_rows},)", hint=AGAIN)


def _take(array: StoredArray, rows: Ints | None) -> Numbers:
    """Read the selected entries of a one-dimensional array, block by block."""
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


def _plain(values: Numbers) -> Numbers:
    """Return strings as Python objects, other values unchanged."""
    return values.astype(object) if values.dtype.kind in "UST" else values


def _legacy_column(frame: Any, column: str, rows: Ints | None) -> Any:
    """Read a field of a compound array; where uns names its categories, its integers are codes of these."""
    whole = np.asarray(frame[:] if isinstance(frame, h5py.Dataset) else frame[...])[column]
    values = whole if rows is None else whole[rows]
    names = _legacy_categories(frame, column) if values.dtype.kind in "iu" else None
    if names is not None:
        return categorical(values.astype(np.int64), [_decoded(name) for name in names])
    return np.array([_decoded(value) for value in values], dtype=object) if values.dtype.kind in "SO" else values


def _legacy_categories(frame: Any, column: str) -> Numbers | None:
    key = f"uns/{column}_categories"
    file = getattr(frame, "file", None)
    return np.asarray(file[key][:]) if file is not None and key in file else None


def legacy_frame(frame: Any) -> pd.DataFrame:
    """Return a frame that is one compound array, as anndata before 0.7 wrote it."""
    columns = {name: _legacy_column(frame, name, None) for name in frame_columns(frame)}
    names = _legacy_column(frame, index_key(frame), None)
    return pd.DataFrame(columns, index=pd.Index([_decoded(name) for name in names], dtype=object))


def _decoded(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _old_categorical(frame: Any, element: Any) -> pd.Categorical:
    """Read a categorical in the encoding of anndata 0.7: codes, and a reference to the categories."""
    return categorical(element[:], _take(frame.file[element.attrs["categories"]], None))


def _unique(categories: Any) -> pd.Index:
    """Return categories as an index; raise if a category occurs twice."""
    index: pd.Index = pd.Index(categories)
    if not index.is_unique:
        raise InputError(f"a categorical column has the category {index[index.duplicated()][0]!r} twice", hint=AGAIN)
    return index


def as_text_categories(values: Any) -> pd.Categorical:
    """Return values as a categorical with string categories; NaN stays NaN.

    Examples
    --------
    >>> list(as_text_categories([3.0, 1.0, None]).categories)
    ['1', '3']
    """
    labels = values if isinstance(values, pd.Categorical) else pd.Categorical(values)
    texts = [text_of(category) for category in labels.categories]
    codes, names = pd.factorize(np.asarray(texts, dtype=object))
    return categorical(np.append(codes, -1)[labels.codes], names)


def text_of(value: object) -> str:
    """Return a label as text without surrounding spaces; 3.0 becomes "3"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
