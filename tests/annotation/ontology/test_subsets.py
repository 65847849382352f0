"""Markers that make a subset of a type."""

import pytest

from spatialcore.annotation.ontology.head_noun import fits
from spatialcore.annotation.ontology.lookup import load_subsets
from spatialcore.annotation.ontology.matcher import Matcher, matcher_for
from spatialcore.annotation.ontology.normalize import standard_spelling, words_of
from spatialcore.annotation.ontology.phrasing import without_cell
from spatialcore.annotation.ontology.vocabulary import read_rows

DIM = "CD16-positive, CD56-dim natural killer cell, human"
BRIGHT = "CD16-negative, CD56-bright natural killer cell, human"


@pytest.fixture(scope="module")
def rules():
    """Return the matcher without any curator's facts."""
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
def test_a_marker_narrows_by_rules_alone(rules, label, name):
    assert rules.match(label).name == name


def test_a_curator_comes_before_a_marker():
    with_fact = Matcher({"metadata": {}, "cl": matcher_for().entries}, {"fcgr3a nk": "CL:0000623"})
    assert with_fact.match("FCGR3A NK").name == "natural killer cell"


def test_every_subset_is_of_the_lineage_of_its_type():
    table = matcher_for().term_names
    by_name = {name: term for term, name in table.names.items()}
    for (name, marker), reads in load_subsets().items():
        term = table.term_of(without_cell(words_of(reads)))
        assert standard_spelling(marker) in (marker, f"{marker}+"), marker
        assert term, reads
        assert fits(term, by_name[name], strictly=False), (name, reads)


def test_the_table_is_whole_and_in_order():
    rows = list(read_rows("subsets.tsv"))
    assert rows == sorted(rows)
    assert len(rows) == len({row[:2] for row in rows})
