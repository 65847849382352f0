"""Convert a column of a frame to numbers, booleans, categoricals or texts, which HDF5 and zarr can hold."""

import datetime
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

INTEGER_LIMIT = 2**63


def storable_column(column: "pd.Series[Any]") -> "pd.Series[Any] | None":
    """Return a column converted to a type that can be written, or None if nothing changes.

    Examples
    --------
    >>> list(storable_column(pd.Series(["a", 1, None], dtype=object)))
    ['a', '1', nan]
    >>> storable_column(pd.Series([1.0, 2.0])) is None
    True
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _categorical(column)
    if isinstance(dtype, pd.SparseDtype):
        return storable_column(pd.Series(np.asarray(column))) or pd.Series(np.asarray(column))
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        return _number(column)
    if isinstance(dtype, pd.BooleanDtype) or (
        isinstance(dtype, pd.api.extensions.ExtensionDtype)
        and getattr(dtype, "kind", "O") in "iu"
        and type(dtype).__name__.endswith(("Int8Dtype", "Int16Dtype", "Int32Dtype", "Int64Dtype"))
    ):
        return None
    return _from_objects(column)


def _number(column: "pd.Series[Any]") -> "pd.Series[Any] | None":
    dtype = column.dtype
    assert isinstance(dtype, np.dtype)
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        return column.astype(np.float32 if dtype.itemsize == 2 else np.float64)
    return None if dtype.isnative else column.astype(dtype.newbyteorder("="))


def _categorical(column: "pd.Series[Any]") -> "pd.Series[Any] | None":
    categories = column.cat.categories
    texts = [value for value in categories if type(value) is str]
    if len(texts) == len(categories) and categories.dtype == object:
        return None
    if isinstance(categories.dtype, np.dtype) and categories.dtype.kind in "iufb" and categories.dtype.itemsize > 2:
        return None
    names = [as_text(value) for value in categories]
    if len(set(names)) == len(names):
        renamed = column.cat.rename_categories(names)
        with_texts = pd.Categorical.from_codes(
            renamed.cat.codes.to_list(), categories=pd.Index(names, dtype=object), ordered=bool(column.cat.ordered)
        )
        return pd.Series(with_texts)
    return pd.Series(pd.Categorical([None if pd.isna(value) else as_text(value) for value in column]))


def _from_objects(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return numbers and booleans as such, nullable if some are missing; other values as texts."""
    values = column.astype(object).to_numpy()
    missing = np.array([is_missing(value) for value in values], dtype=bool)
    present = values[~missing]
    if len(present) and all(isinstance(value, bool | np.bool_) for value in present):
        return _nullable(values, missing, "boolean")
    if len(present) and all(_is_integer(value) for value in present):
        return _nullable(values, missing, "Int64")
    if all(_is_number(value) for value in present):
        return pd.Series(
            [np.nan if is_missing else float(value) for value, is_missing in zip(values, missing, strict=True)],
            dtype=float,
        )
    texts = [None if is_missing else as_text(value) for value, is_missing in zip(values, missing, strict=True)]
    if missing.any() or len(set(texts)) < len(texts):
        return pd.Series(pd.Categorical(texts))
    return pd.Series(np.array(texts, dtype=object), dtype=object)


def _nullable(values: Any, missing: Any, dtype: str) -> "pd.Series[Any]":
    if not missing.any():
        return pd.Series([bool(v) for v in values] if dtype == "boolean" else [int(v) for v in values])
    filled: Any = [pd.NA if is_missing else value for value, is_missing in zip(values, missing, strict=True)]
    column: pd.Series[Any] = pd.Series(filled, dtype=dtype)
    return column


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT or NA; texts and containers are not."""
    if isinstance(value, str | bytes | Mapping) or np.ndim(value) > 0:
        return False
    return bool(pd.isna(value) is True or (isinstance(value, float | np.floating) and np.isnan(value)))


def _is_integer(value: Any) -> bool:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and -INTEGER_LIMIT <= int(value) < INTEGER_LIMIT


def _is_number(value: Any) -> bool:
    if isinstance(value, bool | np.bool_):
        return False
    return isinstance(value, float | np.floating) or (isinstance(value, int | np.integer) and abs(int(value)) < 2**53)


def as_text(value: Any) -> str:
    """Return a value as an unambiguous text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, list | tuple | dict | set | frozenset | np.ndarray):
        return json.dumps(value, default=_for_json, ensure_ascii=False)
    return str(value)


def _for_json(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    return sorted(value, key=str) if isinstance(value, set | frozenset) else as_text(value)
