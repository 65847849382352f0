"""Tissue-specific subtypes."""

import pytest

from spatialcore.annotation.ontology.hierarchy import name_of
from spatialcore.annotation.ontology.tissue import drop_unstated_organ, narrow_to_tissue

GOBLET, ENDOTHELIAL, T_CELL = "CL:0000160", "CL:0000115", "CL:0000084"


@pytest.mark.parametrize(
    ("term", "tissue", "name"),
    [
        (GOBLET, "colon", "large intestine goblet cell"),
        (GOBLET, "lung", "lung goblet cell"),
        (GOBLET, "brain", "goblet cell"),
        (ENDOTHELIAL, "lung", "endothelial cell"),
        (T_CELL, "lung", "T cell"),
    ],
)
def test_narrow_to_tissue(term, tissue, name):
    assert name_of(narrow_to_tissue(term, tissue)) == name


def test_terms_of_a_custom_index_are_unchanged():
    assert narrow_to_tissue("CL:9900001", "lung") == "CL:9900001"
    assert drop_unstated_organ("CL:9900001", {"lung"}) == "CL:9900001"


def test_unstated_organs_are_dropped():
    colon_goblet = narrow_to_tissue(GOBLET, "colon")
    assert drop_unstated_organ(colon_goblet, {"goblet"}) == GOBLET
    assert drop_unstated_organ(colon_goblet, {"goblet", "largeintestine", "intestine"}) == colon_goblet
