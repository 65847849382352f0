"""The curators' facts: what the tool makes, and how they are voted on and withheld."""

import pytest

from spatialcore.annotation.ontology import is_term, lookup
from spatialcore.annotation.ontology.junk import is_junk
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.annotation.ontology.vocabulary import read_rows
from tests.annotation.ontology.test_index import tool


def test_shipped_file_is_what_the_tool_makes(shared):
    build = tool("build_lexicon")
    assert build.TARGET.read_text(encoding="utf-8") == build.build(shared / "truth")


def test_only_tables_that_may_be_shipped():
    rows = list(read_rows("lexicon.tsv"))
    assert len(rows) > 1000
    assert {source for _, _, sources in rows for source in sources.split(",")} <= set(tool("build_lexicon").SOURCES)
    assert all(is_term(term) and not is_junk(words) for words, term, _ in rows)


@pytest.fixture
def facts(monkeypatch):
    """Return a maker of lexicons from rows."""

    def make(rows, without=""):
        monkeypatch.setattr(lookup, "read_rows", lambda name: iter(rows))
        return lookup.load_lexicon(without)

    return make


def test_the_term_of_most_tables_wins(facts):
    rows = [("x", "CL:0000084", "one,two"), ("x", "CL:0000236", "three")]
    assert facts(rows) == {"x": "CL:0000084"}


def test_near_terms_are_settled_by_what_they_share_and_far_ones_not_at_all(facts):
    rows = [("near", "CL:0000624", "one"), ("near", "CL:0000625", "two"),
            ("far", "CL:0000084", "one"), ("far", "CL:0000057", "two")]  # fmt: skip
    assert facts(rows) == {"near": "CL:0000791"}


def test_a_table_can_be_withheld(facts):
    rows = [("x", "CL:0000084", "one"), ("y", "CL:0000236", "one,two")]
    assert facts(rows, without="one") == {"y": "CL:0000236"}


def test_facts_come_after_names_and_patterns():
    matcher = matcher_for()
    assert matcher.match("CD14 Mono").name == "CD14-positive monocyte"
    assert matcher.match("Aerocytes").id == matcher_for(excluded_sources="hra_azimuth").match("Aerocytes").id
