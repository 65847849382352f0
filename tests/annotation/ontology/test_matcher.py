"""The tiers of the matcher."""

import json

import pytest

from spatialcore.annotation.ontology.index import load_ontology_index
from spatialcore.annotation.ontology.matcher import Matcher, matcher_for


@pytest.mark.parametrize(
    ("label", "name", "tier"),
    [
        ("CL:0000235", "macrophage", "tier1_exact"),
        ("macrophage", "macrophage", "tier1_exact"),
        ("Mph", "macrophage", "tier0_pattern"),
        ("Macrophage (CD68+)", "macrophage", "tier2_token"),
        ("Macrophage_3", "macrophage", "tier2_token"),
        ("Doublet", "", "unmapped"),
    ],
)
def test_tier_of_a_label(label, name, tier):
    match = matcher_for().match(label)
    assert (match.label, match.name, match.tier) == (label, name, tier)


@pytest.mark.parametrize(
    ("label", "name"), [("macropahge", "macrophage"), ("Qiescent stellate", "hepatic stellate cell")]
)
def test_misspelled_labels(label, name):
    assert matcher_for().match(label).name == name


def test_unmapped_labels_have_three_suggestions():
    suggestions = matcher_for().match("unknown macrophage").suggestions
    assert len(suggestions) == 3
    assert suggestions[0][1] == "macrophage"


def test_the_shipped_matcher_is_cached_and_custom_indexes_are_not(tmp_path):
    assert matcher_for() is matcher_for()
    file = tmp_path / "index.json"
    file.write_text(json.dumps({"cl": {"zorblax cell": {"id": "CL:9900001", "name": "zorblax cell"}}}))
    matcher = matcher_for(file)
    assert matcher is not matcher_for(file)
    assert matcher.match("Zorblax cells").id == "CL:9900001"
    assert matcher.names == {"CL:9900001": "zorblax cell"}
    assert matcher.name_of("CL:0000084") == "T cell"


def test_the_lexicon_is_optional():
    assert Matcher(load_ontology_index()).lookup.lexicon == {}
