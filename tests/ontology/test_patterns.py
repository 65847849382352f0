"""The pattern table."""

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


def test_every_target_is_a_key_of_the_index():
    keys = load_ontology_index()["cl"]
    assert [term for term in CELL_TYPE_PATTERNS.values() if term not in keys] == []


def test_added_patterns_are_used(monkeypatch):
    assert get_canonical_term("zyzzy 7") is None
    monkeypatch.setitem(CELL_TYPE_PATTERNS, r"\bzyzzy\b", "neuron")
    assert get_canonical_term("zyzzy 7") == "neuron"
