"""Labels matched by their parts."""

import pytest

from spatialcore.annotation.ontology.label_parts import (
    alternatives,
    by_alternatives,
    by_first_part,
    by_simplified_label,
    dotted_codes,
    first_part,
    names_several,
    qualifiers,
    remove_number,
    simplified,
)
from spatialcore.annotation.ontology.matcher import matcher_for

LOOKUP = matcher_for().lookup


def test_simplified_labels_are_unique_and_start_with_the_label():
    texts = list(simplified("Lung - Macrophage (CD68+) 3"))
    assert texts[0] == "Lung - Macrophage (CD68+) 3"
    assert "Macrophage" in [text.removesuffix(" 3") for text in texts]
    assert len({text.lower() for text in texts}) == len(texts)


def test_qualifiers_and_codes():
    assert qualifiers("T cells (naive): CD4") == ["naive", "CD4"]
    assert dotted_codes("T cells (T.8NVE.OT1)") == ["T.8NVE.OT1", "8NVE", "OT1"]
    assert first_part("alpha_MHC II") == "alpha"


@pytest.mark.parametrize(
    ("label", "text"),
    [("Fibroblast 2", "Fibroblast"), ("B_c12", "B"), ("Alveolar type 2", "Alveolar type 2"), ("CD8", "CD8")],
)
def test_remove_number(label, text):
    assert remove_number(label) == text


@pytest.mark.parametrize(
    ("label", "parts"),
    [("T/NK", ["T", "NK"]), ("Mono & Mac 3", ["Mono", "Mac"]), ("B cell", ["B cell"]), ("a/b/c/d/e", ["a/b/c/d/e"])],
)
def test_alternatives(label, parts):
    assert alternatives(label) == parts


def test_several_types_get_their_common_ancestor():
    assert names_several(LOOKUP, "T cell/NK cell")
    assert not names_several(LOOKUP, "CD4+/CD25+")
    assert by_alternatives(LOOKUP, "B cell/T cell").name == "lymphocyte"
    assert by_alternatives(LOOKUP, "L/M cones").id == ""


def test_qualifiers_narrow_the_type():
    match = by_simplified_label(LOOKUP, "B cells (B.FrF)")
    assert (match.name, match.tier) == ("fraction F mature B cell", "tier2_token")


def test_text_before_an_underscore():
    match = by_first_part(LOOKUP, "Macrophage_xyzzy")
    assert (match.name, match.score) == ("macrophage", 0.6)
    assert by_first_part(LOOKUP, "Macrophage").id == ""
