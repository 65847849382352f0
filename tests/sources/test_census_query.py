"""Queries to the Census: parsing, canonical text, validation and quoting."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialcore.errors import InputError
from spatialcore.sources.census_query import CensusQuery


def test_parse_and_canonical_text() -> None:
    query = CensusQuery.parse("tissue=lung&disease=normal&tissue=blood&organism=human&census=2025-01-30")
    assert query.filters == (("disease", ("normal",)), ("tissue", ("blood", "lung")))
    assert query.text() == "disease=normal&tissue=blood&tissue=lung&census=2025-01-30"
    assert CensusQuery.parse(query.text()) == query


def test_all_options_round_trip() -> None:
    text = "cell_type=CD4-positive%2C+alpha-beta+T+cell&organism=mus_musculus&is_primary_data=any"
    query = CensusQuery.parse(text)
    assert query.is_primary_data is None
    assert query.text() == text
    assert "is_primary_data" not in query.value_filter()


def test_tissue_matches_general_tissue() -> None:
    text = CensusQuery.parse("tissue=lung&disease=normal").value_filter()
    assert text == "disease == 'normal' and (tissue == 'lung' or tissue_general == 'lung') and is_primary_data == True"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tisue=lung", "tissue"),
        ("tissue=lung&diseases=normal", "disease"),
        ("tissue=", "not a valid value"),
        ("", "tissue=lung"),
        ("organism=human", "tissue=lung"),
        ("tissue=lung&organism=yeast", "Homo sapiens"),
        ("tissue=lung&is_primary_data=maybe", "true, false or any"),
        ("tissue=lung&census=stable&census=latest", "once"),
        ("tissue=lung%00", "not a valid value"),
    ],
)
def test_invalid_queries(text: str, hint: str) -> None:
    with pytest.raises(InputError, match=hint):
        CensusQuery.parse(text)


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).filter(str.strip))
def test_values_are_quoted(value: str) -> None:
    tree = ast.parse(CensusQuery.of({"cell_type": value}).value_filter(), mode="eval").body
    assert isinstance(tree, ast.BoolOp)
    assert len(tree.values) == 2  # the value and is_primary_data
    compare = tree.values[0]
    assert isinstance(compare, ast.Compare)
    assert ast.literal_eval(compare.comparators[0]) == value
