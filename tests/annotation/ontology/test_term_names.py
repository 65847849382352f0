"""Names of an index, prepared for comparison."""

import numpy as np
import pytest

from spatialcore.annotation.ontology.index import IndexEntry, OntologyIndex
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.annotation.ontology.term_names import OverlapScorer, TermNames, label_factor, name_factor

NAMES = {"t cell": "CL:1", "memory t cell": "CL:2", "t lymphocyte": "CL:1", "foamy macrophage": "CL:3"}
TITLES = {"CL:1": "T cell", "CL:2": "memory T cell", "CL:3": "foamy macrophage"}
INDEX: OntologyIndex = {
    "metadata": {},
    "cl": {key: IndexEntry(id=term, name=TITLES[term]) for key, term in NAMES.items()},
}


def test_overlap_score_by_hand():
    scorer = OverlapScorer(["memory t cell", "foamy macrophage"], ["CL:2", "CL:3"])
    idf = np.log(1 + 2 / 1)
    assert scorer.scores(["memory"])[0] == pytest.approx(idf / (idf + 0.9 * idf))  # "t" is only in the name
    assert scorer.scores(["memory", "t"])[0] == pytest.approx(1.0)
    assert scorer.scores(["xyzzy"]).tolist() == [0.0, 0.0]


def test_weights_of_words():
    assert label_factor("cell", in_names=True) == name_factor("cell") == 0.0
    assert label_factor("macrophage", in_names=True) == name_factor("macrophage") == 1.0
    assert label_factor("abca1+", in_names=False) == 0.15


def test_terms_by_words_and_spelling():
    names = TermNames(INDEX)
    assert names.term_of(("t",)) == "CL:1"
    assert names.term_of(("t", "memory")) == "CL:2"
    assert names.term_of(("b", "2")) is None
    assert names.term_with_name("Memory T-cell") == "CL:2"
    assert names.match("x", "CL:3", 0.7, "tier2_token").name == "foamy macrophage"


def test_ranked_and_nearest():
    names = TermNames(INDEX)
    score, row = names.ranked(("foamy", "macrophage"), has_head=True)[0]
    assert (names.ids[row], round(score, 6)) == ("CL:3", 1.0)
    assert [term for term, _, _ in names.nearest("memory t", ("memory", "t"))] == ["CL:2", "CL:1"]
    assert names.words_at(row) == {"foamy", "macrophage"}


def test_informative_words():
    names = TermNames(INDEX)
    assert names.is_informative("macrophage")
    assert not names.is_informative("xyzzy")  # in no name
    assert not matcher_for().term_names.is_informative("lung")  # a place
