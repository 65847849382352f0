"""The Cell Ontology term that one label was matched to."""

from dataclasses import dataclass, field, replace
from typing import Literal

MatchTier = Literal["tier0_pattern", "tier1_exact", "tier2_token", "tier3_overlap", "unmapped"]


@dataclass(frozen=True)
class Match:
    """One label and the Cell Ontology term it was matched to.

    Attributes
    ----------
    label
        The label.
    id, name
        Id and name of the term; empty if the label is unmapped.
    score
        0 to 1.
    tier
        The step of the matcher that gave the term.
    suggestions
        The nearest terms as (id, name, score), best first, at most three.
    """

    label: str
    id: str = ""
    name: str = ""
    score: float = 0.0
    tier: MatchTier = "unmapped"
    suggestions: tuple[tuple[str, str, float], ...] = field(default=())

    def without_term(self) -> "Match":
        """Return the label as unmapped; its former term becomes the first suggestion."""
        return Match(self.label, suggestions=((self.id, self.name, self.score), *self.suggestions)[:3])

    def with_term(self, term: str, name: str) -> "Match":
        """Return the match with another term."""
        return replace(self, id=term, name=name)
