"""What may be asked, and that a value is never more than a value."""

import ast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialcore.errors import InputError
from spatialcore.sources.census_query import CensusQuery
from spatialcore.sources.sampling import FLOOR, draw_by_label


def test_a_query_is_read_and_spelt_in_one_way() -> None:
    query = CensusQuery.parse("tissue=lung&disease=normal&tissue=blood&organism=human&census=2025-01-30")
    assert query.filters == (("disease", ("normal",)), ("tissue", ("blood", "lung")))
    assert query.text() == "disease=normal&tissue=blood&tissue=lung&census=2025-01-30"
    assert CensusQuery.parse(query.text()) == query


def test_every_option_survives() -> None:
    text = "cell_type=CD4-positive%2C+alpha-beta+T+cell&organism=mus_musculus&is_primary_data=any"
    query = CensusQuery.parse(text)
    assert query.is_primary_data is None
    assert query.text() == text
    assert "is_primary_data" not in query.value_filter()


def test_the_general_tissue_counts() -> None:
    asked = CensusQuery.parse("tissue=lung&disease=normal").value_filter()
    assert asked == "disease == 'normal' and (tissue == 'lung' or tissue_general == 'lung') and is_primary_data == True"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tisue=lung", "tissue"),
        ("tissue=lung&diseases=normal", "disease"),
        ("tissue=", "no value"),
        ("", "tissue=lung"),
        ("organism=human", "tissue=lung"),
        ("tissue=lung&organism=yeast", "Homo sapiens"),
        ("tissue=lung&is_primary_data=maybe", "true, false or any"),
        ("tissue=lung&census=stable&census=latest", "once"),
        ("tissue=lung%00", "no value"),
    ],
)
def test_what_cannot_be_asked(text: str, hint: str) -> None:
    with pytest.raises(InputError, match=hint):
        CensusQuery.parse(text)


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).filter(str.strip))
def test_any_value_stays_a_value(value: str) -> None:
    tree = ast.parse(CensusQuery.of({"cell_type": value}).value_filter(), mode="eval").body
    assert isinstance(tree, ast.BoolOp)
    assert len(tree.values) == 2  # the value, and is_primary_data: nothing else
    compare = tree.values[0]
    assert isinstance(compare, ast.Compare)
    assert ast.literal_eval(compare.comparators[0]) == value


def test_the_draw_keeps_proportions_and_rare_labels() -> None:
    labels = np.array(["common"] * 9000 + ["other"] * 980 + ["rare"] * 20, dtype=object)
    ids = np.arange(10_000)
    drawn = draw_by_label(ids, labels, 1000, np.random.default_rng(0))
    counts = pd.Series(labels[drawn]).value_counts()
    assert len(np.unique(drawn)) == len(drawn) == 1000
    assert FLOOR <= counts["rare"] < 20
    assert abs(counts["common"] / counts["other"] - 9000 / 980) < 0.7


def test_the_draw_does_not_depend_on_the_order(rng: np.random.Generator) -> None:
    labels = rng.choice(["a", "b", "c"], size=500).astype(object)
    ids, order = np.arange(500) * 3, rng.permutation(500)
    one = draw_by_label(ids, labels, 60, np.random.default_rng(1))
    two = draw_by_label(ids[order], labels[order], 60, np.random.default_rng(1))
    assert one.tolist() == two.tolist()
    assert one.tolist() != draw_by_label(ids, labels, 60, np.random.default_rng(2)).tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 7, 499, 500, 900])
def test_the_draw_has_the_size_asked_for(n: int, rng: np.random.Generator) -> None:
    labels = rng.choice(list("abcdefgh"), size=500).astype(object)
    assert len(draw_by_label(np.arange(500), labels, n, rng)) == min(n, 500)
