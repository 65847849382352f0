"""Unusual columns, names and elements of uns, as created by pandas, pyarrow and old versions of anndata."""

import datetime as dt
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

N = 12
DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=i) for i in range(N)]
TIMES = pd.date_range("2024-01-01", periods=N, freq="h")


def _with_gap(values: list[Any], gap: Any = None) -> list[Any]:
    return [gap if i % 4 == 1 else value for i, value in enumerate(values)]


def columns() -> dict[str, Any]:
    """Return name -> twelve values of each kind that a column of obs can have."""
    numbers, words = list(range(N)), [f"w{i % 3}" for i in range(N)]
    numpy_kinds = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "g", "b1", ">i4", ">f8")
    arrow = {
        "string": words, "large_string": words, "int8": numbers, "int64": numbers, "uint16": numbers,
        "float32": numbers, "bool_": [i % 2 == 0 for i in range(N)], "date32": DAYS, "binary": [b"x"] * N,
    }  # fmt: skip
    columns_by_name: dict[str, Any] = {f"numpy_{kind}": np.arange(N).astype(kind) for kind in numpy_kinds}
    columns_by_name |= {
        f"arrow_{name}": pd.array(_with_gap(values), dtype=pd.ArrowDtype(getattr(pa, name)()))
        for name, values in arrow.items()
    }
    columns_by_name["arrow_list"] = pd.array([[1, 2]] * N, dtype=pd.ArrowDtype(pa.list_(pa.int64())))
    columns_by_name["arrow_decimal"] = pd.array([Decimal("1.50")] * N, dtype=pd.ArrowDtype(pa.decimal128(5, 2)))
    columns_by_name["arrow_time"] = pd.array(list(TIMES), dtype=pd.ArrowDtype(pa.timestamp("us")))
    for name in ("Int8", "Int64", "UInt32", "Float32", "Float64", "boolean"):
        flags = [i % 2 == 0 for i in range(N)]
        columns_by_name[f"nullable_{name}"] = pd.array(_with_gap(flags if name == "boolean" else numbers), dtype=name)
    columns_by_name |= {
        "nullable_string": pd.array(_with_gap(words), dtype="string"),
        "objects_text": np.array(words, dtype=object),
        "objects_unique_text_gap": np.array(_with_gap([f"t{i}" for i in range(N)], np.nan), dtype=object),
        "objects_flags_gap": np.array(_with_gap([True] * N, np.nan), dtype=object),
        "objects_integers_gap": np.array(_with_gap(numbers), dtype=object),
        "objects_numbers": np.array([1, 2.5] * 6, dtype=object),
        "objects_mixed": np.array(["a", 1, 2.5, None, True, b"x"] * 2, dtype=object),
        "objects_bytes": np.array([b"a"] * N, dtype=object),
        "objects_lists": np.array([[1, 2], "x", None] * 4, dtype=object),
        "objects_dicts": np.array([{"a": 1}] * N, dtype=object),
        "objects_dates": np.array(_with_gap(DAYS), dtype=object),
        "objects_decimals": np.array([Decimal("2.50")] * N, dtype=object),
        "objects_huge": np.array([10**25] * N, dtype=object),
        "objects_missing": np.array([None] * N, dtype=object),
        "objects_na": np.array(_with_gap(words, pd.NA), dtype=object),
        "objects_paths": np.array([PurePosixPath("a/b")] * N, dtype=object),
        "times": TIMES, "times_zone": TIMES.tz_localize("UTC"), "times_gap": pd.Series(_with_gap(list(TIMES))).array,
        "deltas": TIMES - TIMES[0], "periods": pd.period_range("2024-01", periods=N, freq="M"),
        "intervals": pd.cut(np.arange(N), 3), "interval_array": pd.arrays.IntervalArray.from_breaks(range(N + 1)),
        "complex": np.arange(N) + 1j,
        "sparse": pd.arrays.SparseArray([0, 1] * 6), "sparse_gap": pd.arrays.SparseArray([np.nan, 1.0] * 6),
        "category_text": pd.Categorical(_with_gap(words)),
        "category_ordered": pd.Categorical(words, ordered=True),
        "category_numbers": pd.Categorical(numbers), "category_floats": pd.Categorical([0.5, 1.5] * 6),
        "category_mixed": pd.Categorical(["a", 1] * 6), "category_flags": pd.Categorical([True, False] * 6),
        "category_dates": pd.Categorical(TIMES),
        "category_strings": pd.Series(words, dtype="string").astype("category"),
        "category_arrow": pd.Series(words, dtype=pd.ArrowDtype(pa.string())).astype("category"),
        "category_empty": pd.Categorical([None] * N),
    }  # fmt: skip
    return columns_by_name


NAMES = (
    ["a", "a/b"], ["a", "a/b", "a/b/c"], ["_index"], ["a/"], ["/a"], ["a//b"], ["."], [".."], [""], ["a", "a"],
    [0, 1], [("a", "b")], ["a", "a_b", "a/b"], ["x y", "ü", "日本"], [np.nan], ["a/b"], ["index"], ["categories/codes"],
)  # fmt: skip

INDEXES = {
    "objects": pd.Index([f"c{i}" for i in range(N)], dtype=object),
    "nullable": pd.Index([f"c{i}" for i in range(N)], dtype="string"),
    "arrow": pd.Index([f"c{i}" for i in range(N)], dtype=pd.ArrowDtype(pa.string())),
    "numbers": pd.Index(range(N)), "floats": pd.Index(np.arange(N) + 0.5),
    "category": pd.CategoricalIndex([f"c{i}" for i in range(N)]),
    "named": pd.Index([f"c{i}" for i in range(N)], name="cell/id"),
    "named_as_column": pd.Index([f"c{i}" for i in range(N)], name="a"),
    "times": TIMES, "doubled": pd.Index(["c"] * N), "bytes": pd.Index([b"c%d" % i for i in range(N)]),
}  # fmt: skip

UNS: dict[str, Any] = {
    "none": None, "set": {"b", "a"}, "tuple": ("a", 1), "list_text": ["a", "b"], "list_mixed": ["a", 1, None],
    "list_ragged": [[1], [1, 2]], "list_empty": [], "list_dicts": [{"a": 1}], "keys": {1: "a", (2, 3): "b"},
    "clash": {"a": 1, "a/b": 2}, "date": dt.date(2024, 1, 1), "time": TIMES[0], "path": PurePosixPath("a/b"),
    "decimal": Decimal("1.5"), "complex": 1 + 2j, "huge": 10**30, "half": np.float16(1.5), "halves": np.ones(3, "f2"),
    "bytes": b"abc", "array_bytes": np.array([b"a", b"bc"]), "array_text": np.array(["a", "bc"]),
    "array_objects": np.array(["a", 1, None], dtype=object), "array_times": TIMES.to_numpy(),
    "masked": np.ma.masked_array([1, 2], [True, False]), "empty": np.array([]), "function": len, "type": int,
    "records": np.array([(1, "a")], dtype=[("n", "i4"), ("t", "U3")]),
    "records_objects": np.array([(1, "a"), (2, None)], dtype=[("n", "i4"), ("t", "O")]),
    "records_nested": np.array([(1, (2, 3))], dtype=[("n", "i4"), ("s", [("x", "i4"), ("y", "i4")])]),
    "frame": pd.DataFrame({"a": [1, "x", None], "a/b": pd.array(["p", None, "q"], dtype="string")}),
    "series": pd.Series(["a", None], dtype="string"), "index": pd.Index(["a", "b"]), "nested": {"x": {"y": {"z": {1}}}},
    "range": range(3), "flag": True, "flags": [True, False], "categorical": pd.Categorical(["a", None]), "": "no name",
}  # fmt: skip
