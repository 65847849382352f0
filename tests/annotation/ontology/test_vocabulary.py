"""The curated tables: vocabulary, abbreviations, lexicon."""

import pytest

from spatialcore.annotation.ontology.abbreviations import abbreviations
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.annotation.ontology.normalize import words_of
from spatialcore.annotation.ontology.vocabulary import PHRASES, read_rows, words

KINDS = ["singular", "same", "state", "place", "silent", "trap"]


@pytest.mark.parametrize(("name", "width"), [("abbreviations.tsv", 3), ("vocabulary.tsv", 3), ("lexicon.tsv", 3)])
def test_rows_are_complete_and_unique(name, width):
    rows = list(read_rows(name))
    assert all(len(row) == width and row[0] and row == tuple(cell.strip() for cell in row) for row in rows)
    assert len({row[:2] for row in rows}) == len(rows)


def test_rows_are_sorted():
    abbreviations_ = [row[:2] for row in read_rows("abbreviations.tsv")]
    assert abbreviations_ == sorted(abbreviations_)
    words = [(KINDS.index(kind), word) for word, kind, _ in read_rows("vocabulary.tsv")]
    assert words == sorted(words)


def test_expansions_consist_of_words_of_the_ontology():
    vocabulary = matcher_for().term_names.scorer.column.keys()
    expansions = {expanded for pairs in abbreviations().values() for _, expanded in pairs}
    unknown = {expanded: set(words_of(expanded)) - vocabulary - {"cell"} for expanded in expansions}
    assert {expanded: words for expanded, words in unknown.items() if words} == {}


def test_short_rows_are_padded():
    assert all(len(row) == 3 for row in read_rows("vocabulary.tsv"))
    assert words("place")["lung"] == ""


def test_words_of_a_kind():
    assert words("singular")
    assert words("same") != words("state")


@pytest.mark.parametrize(
    ("text", "merged"),
    [(" t helper 17 ", " helper17 t "), (" red blood cell ", " erythrocyte "), (" pre b ", " preb ")],
)
def test_phrases(text, merged):
    for pattern, replacement in PHRASES:
        text = pattern.sub(replacement, text)
    assert text == merged
