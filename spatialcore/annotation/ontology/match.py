"""What one label was found to be."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Match:
    """What a label was found to be."""

    label: str
    id: str = ""
    name: str = ""
    score: float = 0.0
    tier: str = "unmapped"
    suggestions: tuple[tuple[str, str, float], ...] = field(default=())

    def dropped(self) -> "Match":
        """Return the same label without a term; what it would have been leads the suggestions."""
        return Match(self.label, suggestions=((self.id, self.name, self.score), *self.suggestions)[:3])

    def renamed(self, term: str, name: str) -> "Match":
        """Return the same match with another term."""
        return replace(self, id=term, name=name)
