"""The words of a label that are compared with names."""

import pytest

from spatialcore.annotation.ontology.phrasing import add_implied_noun, expand, is_searchable, without_cell


def test_without_cell():
    assert without_cell(["t", "cell", "memory", "t"]) == ("memory", "t")
    assert without_cell(["cell"]) == ("cell",)


@pytest.mark.parametrize(
    ("label", "tissue", "text"),
    [
        ("PC", "kidney", "renal principal cell"),
        ("PC", "", "plasma cell"),
        ("cycPT", "", "cyc epithelial cell of proximal tubule"),
        ("gd-T", "", expand("gdT")),
        ("macrophage", "", "macrophage"),
    ],
)
def test_expand(label, tissue, text):
    assert expand(label, tissue) == text


SEARCHABLE = [("T", True), ("B cells", True), ("V", False), ("1", False), ("mast", True)]


@pytest.mark.parametrize(("part", "expected"), SEARCHABLE)
def test_is_searchable(part, expected):
    assert is_searchable(part) is expected


@pytest.mark.parametrize(
    ("words", "noun"),
    [(("cd8+",), "t"), (("cd4+", "dendritic"), None), (("cd14+", "cd16+"), "monocyte"), (("capillary",), "endothelial"),
     (("pericyte", "capillary"), None)],
)  # fmt: skip
def test_implied_nouns(words, noun):
    assert add_implied_noun(words) == ((*words, noun) if noun else words)
