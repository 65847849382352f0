"""Matching by shared words."""

import pytest

from spatialcore.annotation.ontology.fuzzy import comparison_words, drop_unstated_subtype, fuzzy_match, is_ambiguous
from spatialcore.annotation.ontology.hierarchy import name_of
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.annotation.ontology.relations import is_a

NAMES = matcher_for().term_names


def test_comparison_words():
    assert comparison_words("Naive CD4+ cells") == ("naive", "cd4+", "t")


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("renal proximal tubule epithelium S1", "epithelial cell of proximal tubule segment 1"),
        ("CD8-GZMK", None),
        ("x", ""),
    ],
)
def test_best_name(label, name):
    match = fuzzy_match(NAMES, label)
    if name is not None:
        assert match.name == name
    else:
        assert is_a(match.id, "CL:0000625")


def test_only_descendants_of_an_ancestor_are_accepted():
    assert fuzzy_match(NAMES, "alveolar macrophage", ancestor="CL:0000236").id == ""
    assert fuzzy_match(NAMES, "alveolar macrophage", ancestor="CL:0000235").name == "alveolar macrophage"


def test_scores_are_clipped():
    assert fuzzy_match(NAMES, "alveolar macrophage").score == 0.85


def test_words_of_several_lineages_are_ambiguous():
    rows = {key: NAMES.keys.index(key) for key in ("chandelier cell", "columnar chondrocyte") if key in NAMES.keys}
    for key, row in rows.items():
        assert is_ambiguous(NAMES, (key.split()[0],), row) is (key != "chandelier cell")
    assert rows


def test_unstated_species_and_cd4_are_dropped():
    human = NAMES.entries["dendritic cell, human"]["id"]
    assert name_of(drop_unstated_subtype(NAMES, human, ("dendritic",))) == "dendritic cell"
    assert drop_unstated_subtype(NAMES, human, ("human", "dendritic")) == human
    cd4_memory = NAMES.entries["cd4-positive, alpha-beta memory t cell"]["id"]
    general = drop_unstated_subtype(NAMES, cd4_memory, ("memory", "t"))
    assert is_a(cd4_memory, general)
    assert "CD4" not in name_of(general)
    assert drop_unstated_subtype(NAMES, cd4_memory, ("cd4+", "memory", "t")) == cd4_memory
