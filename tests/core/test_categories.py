"""Categorical columns made from codes, compared with pandas."""

import numpy as np
import pandas as pd

from spatialcore.core import categories
from spatialcore.core.categories import categorical, named


def test_categorical_keeps_order_and_missing_values():
    column = categorical(np.array([2, -1, 0]), ["c", "a", "b"], ordered=True)
    assert column.ordered
    assert column.categories.tolist() == ["c", "a", "b"]
    assert pd.isna(column[1])
    assert [column[0], column[2]] == ["b", "c"]


def test_named_equals_a_categorical_of_the_names(rng, monkeypatch):
    monkeypatch.setattr(categories, "BLOCK", 7)
    names = ["T cell", "B cell", "T cell", "unused"]
    codes = rng.integers(-1, 3, 50)
    expected = pd.Categorical([names[code] if code >= 0 else "Unassigned" for code in codes])
    pd.testing.assert_extension_array_equal(named(codes, names, "Unassigned"), expected)
