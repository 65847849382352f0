"""Categorical columns created from codes, compared with pandas."""

import numpy as np
import pandas as pd
import pytest

from spatialcore.core import categories
from spatialcore.core.categories import as_texts, categorical, coded_labels, named


def test_categorical_preserves_order_and_missing_values():
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


@pytest.mark.parametrize("kind", [object, "category", "string"])
def test_labels_are_coded_as_texts(kind):
    values = pd.Series(["b", None, "a", "b"], dtype=kind)
    codes, names = coded_labels(values, "none")
    assert [names[code] for code in codes] == ["b", "none", "a", "b"]
    assert as_texts(values, "none").tolist() == ["b", "none", "a", "b"]


def test_equal_numbers_and_texts_are_one_label():
    values = pd.Series(pd.Categorical.from_codes([0, 1, 2], pd.Index([1, "1", "nan"], dtype=object)))
    assert as_texts(values).cat.categories.tolist() == ["1", "nan"]
    assert coded_labels(values)[0].tolist() == [0, 0, 1]
