"""The obs and var frames of a file, column by column and in blocks, as anndata of any age wrote them."""

from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem
from numpy.typing import NDArray

from spatialcore.core.categories import categorical
from spatialcore.core.containers import AGAIN
from spatialcore.core.types import Ints
from spatialcore.errors import InputError

BLOCK_ROWS = 100_000


def index_key(frame: Any) -> str:
    """Return the name of the column that is the index."""
    if not hasattr(frame, "keys"):
        return str(frame.dtype.names[0])
    key = frame.attrs.get("_index", "_index" if "_index" in frame else "index")
    return key.decode() if isinstance(key, bytes) else str(key)


def frame_columns(frame: Any) -> list[str]:
    """Return the names of the columns, as written."""
    if not hasattr(frame, "keys"):
        return list(frame.dtype.names[1:])
    order = frame.attrs.get("column-order", None)
    named = [c.decode() if isinstance(c, bytes) else str(c) for c in (list(frame.keys()) if order is None else order)]
    return [column for column in named if column != index_key(frame) and column != "__categories"]


def frame_length(frame: Any) -> int:
    """Return the number of rows."""
    index = frame[index_key(frame)] if hasattr(frame, "keys") else frame
    stored = index["codes"] if hasattr(index, "keys") and "codes" in index else index
    return int((stored["values"] if hasattr(stored, "keys") else stored).shape[0])


def read_column(frame: Any, column: str, rows: Ints | None = None) -> Any:
    """Read one column of a frame, whole or the drawn rows of it.

    Raises
    ------
    InputError
        It has not as many entries as the frame has rows, or its categories are no categories.
    """
    if not hasattr(frame, "keys"):  # written before anndata 0.7: one compound array
        return _legacy_column(frame, column, rows)
    element = frame[column]
    _check_length(column, element, frame_length(frame))
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


def _check_length(column: str, element: Any, wanted: int) -> None:
    """Refuse a column that is longer or shorter than its frame: its labels would belong to other cells."""
    parts = (
        [element[key] for key in ("codes", "values", "mask") if key in element]
        if hasattr(element, "keys")
        else [element]
    )
    for part in parts:
        if tuple(part.shape) != (wanted,):
            raise InputError(f"column '{column}' has shape {tuple(part.shape)} in a frame of {wanted} rows", hint=AGAIN)


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


def as_text_categories(values: Any) -> pd.Categorical:
    """Return values as a categorical of texts; NaN stays NaN."""
    labels = values if isinstance(values, pd.Categorical) else pd.Categorical(values)
    texts = [text_of(category) for category in labels.categories]
    codes, names = pd.factorize(np.asarray(texts, dtype=object))
    return categorical(np.append(codes, -1)[labels.codes], names)


def text_of(value: Any) -> str:
    """Return a label as text: 3.0 is "3", spaces around it go."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
