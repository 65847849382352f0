"""Look-up of whole labels: names, abbreviations, the lexicon, markers of subsets."""

import pytest

from spatialcore.annotation.ontology import is_term, lookup
from spatialcore.annotation.ontology.head_noun import fits
from spatialcore.annotation.ontology.junk import is_junk
from spatialcore.annotation.ontology.lookup import LabelLookup, load_subsets
from spatialcore.annotation.ontology.matcher import Matcher, matcher_for
from spatialcore.annotation.ontology.normalize import standard_spelling, words_of
from spatialcore.annotation.ontology.phrasing import without_cell
from spatialcore.annotation.ontology.vocabulary import read_rows
from tests.tools import load_tool

DIM = "CD16-positive, CD56-dim natural killer cell, human"
BRIGHT = "CD16-negative, CD56-bright natural killer cell, human"


def test_the_lexicon_equals_the_output_of_the_tool(shared):
    build = load_tool("build_lexicon")
    assert build.TARGET.read_text(encoding="utf-8") == build.build(shared / "truth")


def test_the_lexicon_has_only_sources_with_a_licence():
    rows = list(read_rows("lexicon.tsv"))
    assert len(rows) > 1000
    assert {source for _, _, sources in rows for source in sources.split(",")} <= set(
        load_tool("build_lexicon").SOURCES
    )
    assert all(is_term(term) and not is_junk(words) for words, term, _ in rows)


@pytest.fixture
def lexicon_of(monkeypatch):
    """Return a function that loads a lexicon with these rows."""

    def load(rows, excluded=""):
        monkeypatch.setattr(lookup, "read_rows", lambda name: iter(rows))
        return lookup.load_lexicon(excluded)

    return load


def test_the_term_with_most_votes_is_used(lexicon_of):
    rows = [("x", "CL:0000084", "one,two"), ("x", "CL:0000236", "three")]
    assert lexicon_of(rows) == {"x": "CL:0000084"}


def test_ties_of_near_terms_give_their_ancestor_and_of_far_terms_nothing(lexicon_of):
    rows = [("near", "CL:0000624", "one"), ("near", "CL:0000625", "two"),
            ("far", "CL:0000084", "one"), ("far", "CL:0000057", "two")]  # fmt: skip
    assert lexicon_of(rows) == {"near": "CL:0000791"}


def test_sources_can_be_excluded(lexicon_of):
    rows = [("x", "CL:0000084", "one"), ("y", "CL:0000236", "one,two")]
    assert lexicon_of(rows, excluded="one") == {"y": "CL:0000236"}


def test_names_and_patterns_have_priority_over_the_lexicon():
    matcher = matcher_for()
    assert matcher.match("CD14 Mono").name == "CD14-positive monocyte"
    assert matcher.match("Aerocytes").id == matcher_for(excluded_sources="hra_azimuth").match("Aerocytes").id


@pytest.fixture(scope="module")
def rules():
    """Return the matcher without a lexicon."""
    return Matcher({"metadata": {}, "cl": matcher_for().entries}, {})


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("CD16+ NK", DIM), ("NK_FCGR3A", DIM), ("CD16- NK cells", BRIGHT), ("NK XCL1+", BRIGHT), ("CD16+CD56- NK", DIM),
        ("CD16+/CD16- NK cells", "natural killer cell"), ("CD56- CD16- NK", "natural killer cell"),
        ("XCR1+ DC", "CD141-positive myeloid dendritic cell"), ("DC_CLEC9A", "CD141-positive myeloid dendritic cell"),
        ("DC FCER1A", "CD1c-positive myeloid dendritic cell"), ("CD4+FOXP3+", "regulatory T cell"),
        ("LGR5+ stem", "intestinal crypt stem cell"), ("Endothelial ACKR1", "vein endothelial cell"),
        ("MSN D1", "direct pathway medium spiny neuron"), ("CYP2E1+ hepatocytes", "centrilobular region hepatocyte"),
        ("PV+ interneurons", "pvalb GABAergic interneuron"), ("TREM1+ monocyte", "monocyte"),
    ],
)  # fmt: skip
def test_markers_narrow_a_type(rules, label, name):
    assert rules.match(label).name == name


def test_the_lexicon_has_priority_over_markers():
    with_lexicon = Matcher({"metadata": {}, "cl": matcher_for().entries}, {"fcgr3a nk": "CL:0000623"})
    assert with_lexicon.match("FCGR3A NK").name == "natural killer cell"


def test_subsets_have_the_lineage_of_their_type():
    names = matcher_for().term_names
    by_name = {name: term for term, name in names.names.items()}
    for (name, marker), text in load_subsets().items():
        term = names.term_of(without_cell(words_of(text)))
        assert standard_spelling(marker) in (marker, f"{marker}+"), marker
        assert term, text
        assert fits(term, by_name[name], strictly=False), (name, text)


def test_the_table_of_subsets_is_sorted_and_unique():
    rows = list(read_rows("subsets.tsv"))
    assert rows == sorted(rows)
    assert len(rows) == len({row[:2] for row in rows})


@pytest.mark.parametrize(
    ("label", "tissue", "name", "tier"),
    [
        ("CL:0000235", "", "macrophage", "tier1_exact"),
        ("Macrophages", "", "macrophage", "tier1_exact"),
        ("Mph", "", "macrophage", "tier0_pattern"),
        ("PC", "kidney", "renal principal cell", "tier0_pattern"),
        ("alpha cell", "", "pancreatic A cell", "tier0_pattern"),
        ("nothing of the kind", "", "", "unmapped"),
    ],
)
def test_exact_matches(label, tissue, name, tier):
    match = LabelLookup(matcher_for().term_names, {}).exact(label, tissue)
    assert (match.name, match.tier) == (name, tier)


def test_the_lexicon_is_used_for_unknown_labels():
    lookup_ = LabelLookup(matcher_for().term_names, {"zyzzy": "CL:0000235"})
    assert lookup_.match("zyzzy cells").id == "CL:0000235"
    assert lookup_.exact("zyzzy cells").id == ""
