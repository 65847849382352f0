"""The patterns of cell type names."""

import re

import pytest

from spatialcore.annotation import CELL_TYPE_PATTERNS, get_canonical_term, load_ontology_index


@pytest.mark.parametrize(
    ("label", "term"),
    [
        ("Club (nasal)", "club cell"),
        ("Migratory DCs", "migratory dendritic cell"),
        ("Mph", "macrophage"),
        ("Macrophages", "macrophage"),
        ("cDC1", "conventional dendritic cell type 1"),
        ("cDC2", "conventional dendritic cell type 2"),
        ("conventional dendritic cell type 1", "conventional dendritic cell type 1"),
        ("conventional dendritic cell", "dendritic cell"),
        ("intestinal tuft cell", "tuft cell"),
        ("brush cell", "tuft cell"),
        ("CD4+ T cells", "cd4-positive, alpha-beta t cell"),
        ("lymph", None),
        ("xyzzy", None),
    ],
)
def test_examples(label, term):
    assert get_canonical_term(label) == term


def test_terms_are_keys_of_the_index():
    keys = load_ontology_index()["cl"]
    assert [term for term in CELL_TYPE_PATTERNS.values() if term not in keys] == []


def test_added_patterns_are_used(monkeypatch):
    assert get_canonical_term("zyzzy 7") is None
    monkeypatch.setitem(CELL_TYPE_PATTERNS, r"\bzyzzy\b", "neuron")
    assert get_canonical_term("zyzzy 7") == "neuron"


# One label per pattern; the names of the ontology match none of them.
SAMPLES = ["cd4", "cd8", "t cd4", "t cd8", "treg", "foxp3 t", "gd t", "t gd", "mait", "nkt", "ilc", "plasma", "cdc1",
           "cdc2", "pdc", "mig dc", "cdc", "cd14 mono", "cd16 mono", "classical mono",
           "nonclassical mono", "mono", "mph", "alveolar mph", "mast", "neut",
           "rbc", "plt", "endo", "lec", "fibro", "peri", "smc", "vsmc", "epi", "at1", "at2", "club (nasal)", "tuft",
           "goblet", "basal", "ciliated", "alpha", "beta", "delta", "pp", "epsilon", "acinar",
           "ductal", "opc", "oligo", "astro", "microglia", "tumor", "lymphoma",
           "cancer epithelial", "glioma", "blasts", "t nk", "th", "immune", "lymphoid", "tfh", "t cell",
           "nk", "b", "plasmablast"]  # fmt: skip


def first_pattern(label):
    return next((pattern for pattern in CELL_TYPE_PATTERNS if re.search(pattern, label)), None)


def test_every_pattern_is_reachable():
    assert set(CELL_TYPE_PATTERNS) - {first_pattern(sample) for sample in SAMPLES} == set()


@pytest.mark.parametrize("sample", SAMPLES)
def test_patterns_match_whole_words(sample):
    pattern = first_pattern(sample)
    assert not re.search(pattern, f"zz{sample}")
    assert not re.search(pattern, f"{sample}zz")
