"""Expansions of abbreviations by tissue."""

import pytest

from spatialcore.annotation.ontology.abbreviations import (
    abbreviations,
    expansion,
    label_expansions,
    label_word_sets,
    word_expansion,
)
from spatialcore.annotation.ontology.matcher import matcher_for


def test_expansions_of_a_tissue_have_priority():
    assert expansion("pc", "human kidney cortex") == "renal principal cell"
    assert expansion("pc", "tonsil") == expansion("pc") == "plasma cell"
    assert expansion("mc") is None


def test_pairs_with_tissue_words_come_first():
    for pairs in abbreviations().values():
        has_tissue = [bool(tissue_words) for tissue_words, _ in pairs]
        assert has_tissue == sorted(has_tissue, reverse=True)


@pytest.mark.parametrize(
    ("word", "has_state", "expanded"),
    [("lec3", False, "lymphatic endothelial cell"), ("htreg", True, "regulatory T cell"), ("htreg", False, None),
     ("tt1", True, "t"), ("bone", False, None)],
)  # fmt: skip
def test_words_with_number_and_state(word, has_state, expanded):
    assert word_expansion(word, has_state=has_state) == expanded


def test_whole_labels_expand_to_terms():
    assert label_expansions()["alpha cell"] == "pancreatic A cell"
    assert all(matcher_for().exact(text).id for text in label_expansions().values())
    assert all(len(words) > 1 and words == frozenset(label.split()) for words, label in label_word_sets().items())
