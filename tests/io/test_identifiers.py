"""Identifiers of cells: the column with names, and no lost digits."""

import numpy as np
import pandas as pd
import pytest

from spatialcore.errors import InputError
from spatialcore.io.identifiers import as_identifiers, identifier_column, match_by_value, row_number_columns

LONG = 1108834247640000001


@pytest.mark.parametrize(
    ("names", "identifier", "numbers"),
    [
        (["", "EntityID", "fov"], "EntityID", [""]),
        (["Unnamed: 0", "cell", "GENE"], "cell", ["Unnamed: 0"]),
        (["X", "cell_id", "GENE"], "cell_id", ["X"]),
        (["index", "EntityID"], "EntityID", ["index"]),
        (["...1", "V1", "cell_ID"], "cell_ID", ["...1", "V1"]),
        (["", "fov", "volume"], "", []),
        (["GENE", "EntityID"], "EntityID", []),
    ],
)
def test_the_column_that_names_cells(names: list[str], identifier: str, numbers: list[str]) -> None:
    assert identifier_column(names) == identifier
    assert row_number_columns(names) == numbers


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([LONG, LONG + 1], [str(LONG), str(LONG + 1)]),
        (["1.0", "2.0"], ["1", "2"]),
        ([1.0, 2.0], ["1", "2"]),
        ([b"aa-1", b"bb-1"], ["aa-1", "bb-1"]),
        ([" a ", "b"], ["a", "b"]),
        (["1.500e+03", "7"], ["1500", "7"]),
        (["0001", "0002"], ["0001", "0002"]),
        (["c_1_1_1", "c_1_1_2"], ["c_1_1_1", "c_1_1_2"]),
    ],
)
def test_texts_of_identifiers(values: list[object], texts: list[str]) -> None:
    assert as_identifiers(values, "a table") == texts


@pytest.mark.parametrize(
    "values", [["1.10883e+18", "1.10884e+18"], [float(LONG), float(LONG)], [f"{LONG}.0", "1"], np.array([1e17, 2e17])]
)
def test_lost_digits_are_refused(values: list[object]) -> None:
    with pytest.raises(InputError, match=r"in cells\.csv lost digits"):
        as_identifiers(values, "cells.csv")


def test_the_matching_column_is_found() -> None:
    table = pd.DataFrame({"a": [1, 2, 3], "id": ["x", "y", "z"], "volume": [0.5, 1.5, 2.5]})
    assert match_by_value(pd.Index(["z", "y", "q"]), table) == ("id", ["x", "y", "z"])
    assert match_by_value(pd.Index(["p", "q"]), table) is None
