"""The hand-kept tables: whole, in order, and every reading understood."""

import pytest

from spatialcore.annotation.ontology.abbreviations import abbreviations, expansion
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.annotation.ontology.normalize import words_of
from spatialcore.annotation.ontology.vocabulary import read_rows

KINDS = ["singular", "same", "state", "place", "silent", "trap"]


@pytest.mark.parametrize(("name", "width"), [("abbreviations.tsv", 3), ("vocabulary.tsv", 3), ("lexicon.tsv", 3)])
def test_rows_are_whole_and_none_stands_twice(name, width):
    rows = list(read_rows(name))
    assert all(len(row) == width and row[0] and row == tuple(cell.strip() for cell in row) for row in rows)
    assert len({row[:2] for row in rows}) == len(rows)


def test_rows_stand_in_order():
    short_forms = [row[:2] for row in read_rows("abbreviations.tsv")]
    assert short_forms == sorted(short_forms)
    words = [(KINDS.index(kind), word) for word, kind, _ in read_rows("vocabulary.tsv")]
    assert words == sorted(words)


def test_readings_are_in_the_words_of_the_ontology():
    known = matcher_for().term_names.scorer.column
    readings = {reads for readings in abbreviations().values() for _, reads in readings}
    unknown = {reads: set(words_of(reads)) - known.keys() - {"cell"} for reads in readings}
    assert {reads: words for reads, words in unknown.items() if words} == {}


def test_a_reading_bound_to_a_tissue_comes_before_one_that_holds_anywhere():
    assert expansion("pc", "human kidney cortex") == "renal principal cell"
    assert expansion("pc", "tonsil") == expansion("pc") == "plasma cell"
    assert expansion("mc") is None
