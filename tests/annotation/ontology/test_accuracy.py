"""Lower bounds of the accuracy measured by the benchmark."""

import pytest

from benchmarks.ontology import abstained, bounds, judge, read_truth, report, terms_of


@pytest.fixture(scope="module")
def pairs(shared):
    return read_truth(shared / "truth")


def test_accuracy_on_curated_tables(pairs):
    figures = report(judge(pairs, terms_of(pairs, "source")))
    assert figures.loc["non-trivial", "exact"] > 62
    assert figures.loc["non-trivial", "within2"] > 82
    assert figures.loc["non-trivial", "wrong"] < 1
    assert figures.loc["trivial", "exact"] == 100
    assert figures.loc["trivial and recurring", "exact"] > 82


def test_accuracy_with_the_shipped_lexicon(pairs):
    figures = report(judge(pairs, terms_of(pairs, "none")))
    assert figures.loc["trivial and recurring", "exact"] > 86


def test_labels_that_name_no_type_are_unmapped(shared):
    abstentions, total, _ = abstained(shared / "truth")
    assert (abstentions, total) == (42, 44)


def test_bounds_by_agreement_of_curators(pairs):
    rows = pairs.iloc[:0].copy()
    rows.loc[0] = ["one", "x", frozenset({"a"}), False, False, True]
    rows.loc[1] = ["two", "X", frozenset({"a"}), False, False, True]
    rows.loc[2] = ["three", "x", frozenset({"b"}), False, False, True]
    result = bounds(rows)
    assert result["best single answer"].tolist() == [True, True, False]
    assert result["vote of the others"].tolist() == [True, True, False]
