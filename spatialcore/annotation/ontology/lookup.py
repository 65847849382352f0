"""What is known of a whole label: names, synonyms, short forms, patterns, and facts of curators."""

import re
from collections.abc import Mapping

from spatialcore.annotation import patterns  # it imports this package: its names are looked up when called
from spatialcore.annotation.ontology.abbreviations import reading, whole_forms
from spatialcore.annotation.ontology.hierarchy import current_id
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.normalize import plain
from spatialcore.annotation.ontology.phrasing import bare, expand
from spatialcore.annotation.ontology.term_names import Names
from spatialcore.annotation.ontology.text import words_of

IDENTIFIER = re.compile(r"[A-Z]+:\d{4,}")


class Known:
    """Looks whole labels up.

    Parameters
    ----------
    table
        The names of a look-up table.
    facts
        What curators said of labels: words of a label -> term (see `lexicon`).
    """

    def __init__(self, table: Names, facts: Mapping[str, str]) -> None:
        self.table = table
        self.facts = facts

    def whole(self, label: str, tissue: str = "") -> Match:
        """Return what names, synonyms, short forms and patterns say of a label, or else curators."""
        found = self.exact(label, tissue)
        return found if found.id else self.fact(label, tissue)

    def exact(self, label: str, tissue: str = "") -> Match:
        """Return the term of a label that is an id, a name, a synonym or a known short form of one."""
        label = label.strip()
        if IDENTIFIER.fullmatch(label):
            live = current_id(label)
            return self._found(label, live, 1.0) if live else Match(label)
        named = self._by_name(label, tissue)
        return named if named.id else self._by_short_form(label, tissue)

    def _by_name(self, label: str, tissue: str) -> Match:
        entry = self.table.entries.get(label.lower())
        if entry and entry["name"].lower() == label.lower():
            return self._found(label, entry["id"], 1.0)
        if not entry and (term := self.table.named(label)):
            return self._found(label, term, 1.0)
        if own := self.own_reading(label, tissue):
            return self._found(label, own, 0.95)
        return self._by_synonym(label, tissue)

    def _by_synonym(self, label: str, tissue: str) -> Match:
        keys = (label.lower(), plain(label).removesuffix(" cells"))
        key = next((key for key in keys if key in self.table.entries), "")
        is_trap = bool(reading(key, tissue))  # "PC" is a synonym of Purkinje cell
        return self._found(label, self.table.entries[key]["id"], 1.0) if key and not is_trap else Match(label)

    def _by_short_form(self, label: str, tissue: str) -> Match:
        words, opened = bare(words_of(label)), bare(words_of(expand(label, tissue)))
        if (words == opened or len(words) > 1) and (term := self.table.term_of(words)):
            return self._found(label, term, 1.0)
        canonical = patterns.get_canonical_term(label)
        if canonical and canonical in self.table.entries:
            return self._found(label, self.table.entries[canonical]["id"], 0.95)
        term = self.table.term_of(opened)
        return self._found(label, term, 0.95) if term else Match(label)

    def own_reading(self, label: str, tissue: str = "") -> str | None:
        """Return the term that our own table of short forms gives for a whole label (``alpha cell``)."""
        words = bare(words_of(label))
        text = whole_forms().get(frozenset(words)) or " ".join(words)
        own = reading(f"{text} cell", f"{tissue} {text}")
        return self.table.term_of(bare(words_of(own))) if own else None

    def fact(self, label: str, tissue: str = "") -> Match:
        """Return what curators said of a label."""
        term = self.facts.get(" ".join(bare(words_of(label))))
        return self._found(label, term, 0.9) if term else Match(label)

    def _found(self, label: str, term: str, score: float) -> Match:
        return self.table.found(label, term, score, "tier1_exact" if score == 1.0 else "tier0_pattern")
