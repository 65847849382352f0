"""Conversion of single columns."""

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spatialcore.io.storable_columns import as_text, is_missing, storable_column


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1, 2]),
        pd.Series([0.5, np.nan]),
        pd.Series([True, False]),
        pd.Series([1, None], dtype="Int64"),
        pd.Series([True, None], dtype="boolean"),
        pd.Series(pd.Categorical(["a", None])),
        pd.Series(pd.Categorical([1, 2])),
    ],
)
def test_columns_that_can_be_written_are_not_changed(values: "pd.Series[Any]") -> None:
    assert storable_column(values) is None


@pytest.mark.parametrize(
    ("values", "dtype", "result"),
    [
        ([1, 2, 3], "int64", [1, 2, 3]),
        ([1, None, 3], "Int64", [1, pd.NA, 3]),
        ([True, None], "boolean", [True, pd.NA]),
        ([1, 2.5, None], "float64", [1.0, 2.5, np.nan]),
        ([2**70, "a"], "object", [str(2**70), "a"]),
        (["a", "a", 1], "category", ["a", "a", "1"]),
        ([{"b": 1}, [1, 2], None], "category", ['{"b": 1}', "[1, 2]", np.nan]),
    ],
)
def test_objects_are_converted_to_the_type_of_their_values(values: list[Any], dtype: str, result: list[Any]) -> None:
    column = storable_column(pd.Series(values, dtype=object))
    assert column is not None
    assert str(column.dtype) == dtype
    pd.testing.assert_series_equal(column.astype(object), pd.Series(result, dtype=object), check_names=False)


def test_small_floats_and_other_byte_orders() -> None:
    half, swapped = pd.Series(np.ones(2, np.float16)), pd.Series(np.ones(2, ">f8"))
    for values, dtype in ((half, np.float32), (swapped, np.float64)):
        column = storable_column(values)
        assert column is not None
        assert column.dtype == dtype


def test_categories_of_mixed_types_become_texts() -> None:
    column = storable_column(pd.Series(pd.Categorical(["a", 1, None, 1])))
    assert column is not None
    assert set(column.cat.categories) == {"a", "1"}
    assert [text if isinstance(text, str) else None for text in column] == ["a", "1", None, "1"]


def test_texts_are_unambiguous() -> None:
    assert as_text(b"x") == "x"
    assert as_text(datetime.date(2024, 1, 2)) == "2024-01-02"
    assert as_text({"b", "a"}) == '["a", "b"]'
    assert as_text(np.array([1, 2])) == "[1, 2]"


@pytest.mark.parametrize("value", [None, np.nan, pd.NA, pd.NaT, np.float32("nan")])
def test_missing_values(value: object) -> None:
    assert is_missing(value)


@pytest.mark.parametrize("value", ["", "nan", b"", {}, [], np.array([np.nan, 1]), 0])
def test_values_that_are_not_missing(value: object) -> None:
    assert not is_missing(value)
