"""The head of a label, lineages, and mutually exclusive words."""

import pytest

from spatialcore.annotation.ontology.head_noun import contradicts, fits, head_of, lineages, noun_of
from spatialcore.annotation.ontology.matcher import matcher_for

T_CELL, CD4, NEURON = "CL:0000084", "CL:0000624", "CL:0000540"


@pytest.mark.parametrize(
    ("words", "name", "length"),
    [
        (("fibroblast", "like", "endothelial"), "endothelial cell", 1),
        (("monocyte", "derived", "macrophage"), "macrophage", 1),
        (("macrophage", "like"), "macrophage", 1),
        (("cxcl9", "smoothmuscle"), "smooth muscle cell", 1),
    ],
)
def test_head_of_a_label(words, name, length):
    head = head_of(words, matcher_for().term_names.heads)
    assert head is not None
    assert (matcher_for().name_of(head[0]), head[1]) == (name, length)


def test_label_without_head():
    assert head_of(("cycling", "xyzzy"), matcher_for().term_names.heads) is None


def test_lineages():
    assert lineages(CD4) == {T_CELL}
    assert lineages("CL:9900001") == frozenset()


@pytest.mark.parametrize(
    ("term", "head", "strictly", "expected"),
    [(CD4, T_CELL, True, True), (T_CELL, CD4, True, False), (T_CELL, CD4, False, False), (NEURON, T_CELL, False, False),
     ("CL:9900001", T_CELL, False, True), ("CL:9900001", T_CELL, True, False)],
)  # fmt: skip
def test_fits(term, head, strictly, expected):
    assert fits(term, head, strictly=strictly) is expected


def test_noun_and_exclusive_words():
    assert noun_of("CD4-positive, alpha-beta T cell") == "cd4+"
    assert noun_of("cell") == "cell"
    assert contradicts({"naive", "t"}, {"memory", "t"})
    assert not contradicts({"naive", "memory"}, {"memory"})
