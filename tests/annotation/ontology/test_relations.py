"""The is_a graph, compared with cellxgene-ontology-guide."""

import random

import pytest

from spatialcore.annotation.ontology import ancestors, descendants, distance, is_a, lowest_common_ancestor
from spatialcore.annotation.ontology.hierarchy import ROOT, hierarchy
from spatialcore.errors import InputError


def test_known_relations():
    assert is_a("CL:0000624", "CL:0000084")
    assert not is_a("CL:0000084", "CL:0000624")
    assert lowest_common_ancestor(["CL:0000624", "CL:0000625"]) == "CL:0000791"
    assert lowest_common_ancestor(["CL:0000235"]) == "CL:0000235"
    assert distance("CL:0000235", "CL:0000235") == 0


def test_ancestors_equal_those_of_the_guide():
    guide = pytest.importorskip("cellxgene_ontology_guide.ontology_parser").OntologyParser()
    for term in random.Random(0).sample(sorted(hierarchy().names), 200):
        distances = guide.get_ancestors_with_distances(term) if hasattr(guide, "get_ancestors_with_distances") else None
        expected = distances or dict.fromkeys(guide.get_term_ancestors(term))
        assert set(ancestors(term)) == set(expected)


def test_common_ancestor_is_an_ancestor_of_all():
    rng = random.Random(1)
    terms = sorted(descendants(ROOT))
    for _ in range(200):
        pair = rng.sample(terms, 2)
        common = lowest_common_ancestor(pair)
        assert all(is_a(term, common) for term in pair)
        assert not any(all(is_a(term, child) for term in pair) for child in hierarchy().children[common])


def test_distance_is_symmetric_and_zero_only_to_itself():
    rng = random.Random(2)
    terms = sorted(descendants(ROOT))
    for _ in range(200):
        one, two = rng.sample(terms, 2)
        assert distance(one, two) == distance(two, one) > 0


def test_descendants_are_the_inverse_of_ancestors():
    assert all("CL:0000084" in ancestors(term) for term in descendants("CL:0000084"))
    assert "CL:0000624" in descendants("CL:0000084")


def test_no_terms_have_no_common_ancestor():
    with pytest.raises(InputError, match="pass at least one"):
        lowest_common_ancestor([])
