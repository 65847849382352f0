"""What may be asked, and that a value is never more than a value."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialcore.errors import InputError
from spatialcore.sources.census_query import CensusQuery


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
