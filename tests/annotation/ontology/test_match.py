"""The match of one label."""

from spatialcore.annotation.ontology.match import Match

MATCH = Match("x", "CL:0000084", "T cell", 0.4, "tier3_overlap", (("CL:0000236", "B cell", 0.3),) * 3)


def test_without_term_keeps_the_term_as_first_suggestion():
    match = MATCH.without_term()
    assert (match.id, match.name, match.score, match.tier) == ("", "", 0.0, "unmapped")
    assert match.suggestions == (("CL:0000084", "T cell", 0.4), *MATCH.suggestions[:2])


def test_with_term_changes_id_and_name_only():
    match = MATCH.with_term("CL:0000236", "B cell")
    assert (match.id, match.name) == ("CL:0000236", "B cell")
    assert (match.label, match.score, match.tier, match.suggestions) == ("x", 0.4, "tier3_overlap", MATCH.suggestions)
