"""From one label to one term: exact names first, then patterns, facts, parts of the label, and words.

Every guess is held against the head of the label (`heads`): a term that is no such cell is not an answer.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from spatialcore.annotation import patterns  # it imports this package: its names are looked up when called
from spatialcore.annotation.ontology.abbreviations import reading
from spatialcore.annotation.ontology.forms import alternatives, first_part, qualifiers, shorter
from spatialcore.annotation.ontology.heads import contradict, fits, head_of
from spatialcore.annotation.ontology.hierarchy import ROOT, current_id, depth, is_a, is_term, lowest_common_ancestor
from spatialcore.annotation.ontology.index import Index, load_ontology_index
from spatialcore.annotation.ontology.junk import is_junk
from spatialcore.annotation.ontology.lexicon import facts_of
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.names import Names
from spatialcore.annotation.ontology.nearest import respelled
from spatialcore.annotation.ontology.phrasing import bare, expand, is_telling, with_implied
from spatialcore.annotation.ontology.text import spelled, words_of
from spatialcore.annotation.ontology.tissue import narrowed

LEAST_SCORE = 0.45
SURE_SCORE = 0.6
# A label of several types means what they share, where that still says something: a term below one of these.
TELLING = (
    "CL:0000738", "CL:0000066", "CL:0000540", "CL:0000125", "CL:0000115", "CL:0000187", "CL:0000057", "CL:0000763",
)  # fmt: skip
_IDENTIFIER = re.compile(r"[A-Z]+:\d{4,}")


class Matcher:
    """Finds the term of a label.

    Parameters
    ----------
    index
        The look-up table (see `load_ontology_index`).
    facts
        What curators said of labels: words of a label -> term (see `lexicon`).
    """

    def __init__(self, index: Index, facts: Mapping[str, str] | None = None) -> None:
        self.metadata: dict[str, Any] = index["metadata"]
        self.table = Names(index)
        self.facts = facts or {}

    @property
    def entries(self) -> dict[str, Any]:
        """Return the look-up table's entries by lower-case name."""
        return self.table.entries

    @property
    def names(self) -> dict[str, str]:
        """Return the names of the table's terms by id."""
        return self.table.names

    def name_of(self, term: str) -> str:
        """Return the name of a term of the table, or else of the ontology."""
        return self.table.name_of(term)

    def match(self, label: str, tissue: str = "") -> Match:
        """Return the term of a label, or the nearest ones where none is near enough."""
        label = label.strip()
        found = self._found_in(label, tissue)
        if found.id and tissue and f"{spelled(label)} cell" == spelled(found.name):
            narrow = narrowed(found.id, tissue)
            return found if narrow == found.id else found.renamed(narrow, self.name_of(narrow))
        if found.id:
            return found
        words = with_implied(bare(words_of(expand(label, tissue))))
        return replace(found, suggestions=self.table.nearest(label, words))

    def _found_in(self, label: str, tissue: str) -> Match:
        if not self._is_a_type(label):
            return Match(label)
        for step in (self.exact, self._by_facts, self._by_shorter_form, self._by_alternatives, self._by_words,
                     self._by_first_part):  # fmt: skip
            found = step(label, tissue)
            if found.id:
                return found
        words = spelled(label).split()
        corrected = respelled(words, self.table.scorer.column)
        return replace(self._found_in(" ".join(corrected), tissue), label=label) if corrected != words else Match(label)

    def _is_a_type(self, label: str) -> bool:
        if _IDENTIFIER.fullmatch(label):
            return current_id(label) is not None
        known = label.lower() in self.entries or spelled(label) == self.name_of(ROOT)
        return known or bool(spelled(label) and not is_junk(label))

    def exact(self, label: str, tissue: str = "") -> Match:
        """Return the term of a label that is an id, a name, a synonym or a known short form of one."""
        label = label.strip()
        if _IDENTIFIER.fullmatch(label):
            live = current_id(label)
            return self._found(label, live, 1.0, "tier1_exact") if live else Match(label)
        words = bare(words_of(label))
        entry = self.entries.get(label.lower())
        if entry and entry["name"].lower() == label.lower():
            return self._found(label, entry["id"], 1.0, "tier1_exact")
        if not entry and (term := self.table.named(label)):
            return self._found(label, term, 1.0, "tier1_exact")
        if own := self._own_reading(words, tissue):
            return self._found(label, own, 0.95, "tier0_pattern")
        if entry and not reading(label.lower(), tissue):
            return self._found(label, entry["id"], 1.0, "tier1_exact")
        opened = bare(words_of(expand(label, tissue)))
        if (words == opened or len(words) > 1) and (term := self.table.term_of(words)):
            return self._found(label, term, 1.0, "tier1_exact")
        canonical = patterns.get_canonical_term(label)
        if canonical and canonical in self.entries:
            return self._found(label, self.entries[canonical]["id"], 0.95, "tier0_pattern")
        term = self.table.term_of(opened)
        return self._found(label, term, 0.95, "tier0_pattern") if term else Match(label)

    def _own_reading(self, words: tuple[str, ...], tissue: str) -> str | None:
        own = reading(f"{' '.join(words)} cell", tissue)
        return self.table.term_of(bare(words_of(own))) if own else None

    def _by_facts(self, label: str, tissue: str = "") -> Match:
        term = self.facts.get(" ".join(bare(words_of(label))))
        return self._found(label, term, 0.9, "tier0_pattern") if term else Match(label)

    def _by_shorter_form(self, label: str, tissue: str = "") -> Match:
        for form in list(shorter(label))[1:]:
            found = self._whole(form, tissue) if is_telling(form) else Match(label)
            if found.id:
                better = self._narrowed(label, tissue, found.id)
                return better if better.id else self._found(label, found.id, 0.85, "tier2_token")
        return Match(label)

    def _whole(self, label: str, tissue: str) -> Match:
        found = self.exact(label, tissue)
        return found if found.id else self._by_facts(label, tissue)

    def _narrowed(self, label: str, tissue: str, general: str) -> Match:
        terms = [self._whole(part, tissue).id for part in qualifiers(label) if is_telling(part)]
        narrower = [term for term in terms if term and fits(term, general, strictly=True)]
        if narrower:
            return self._found(label, max(narrower, key=depth), 0.85, "tier2_token")
        return self._by_words(label, tissue, head=general)

    def _by_alternatives(self, label: str, tissue: str = "") -> Match:
        parts = alternatives(label)
        terms = [self.exact(part, tissue).id if is_telling(part) else "" for part in parts]
        if len(parts) == 1 or not all(map(is_term, terms)):
            return Match(label)
        shared = lowest_common_ancestor(terms)
        if not any(is_a(shared, lineage) for lineage in TELLING):
            shared = terms[0]
        return self._found(label, shared, 0.7, "tier2_token")

    def _by_first_part(self, label: str, tissue: str = "") -> Match:
        part = first_part(label)
        found = self._whole(part, tissue) if part != label and is_telling(part) else Match(label)
        return self._found(label, found.id, 0.6, "tier2_token") if found.id else Match(label)

    def _by_words(self, label: str, tissue: str = "", head: str = "") -> Match:
        words = with_implied(bare(words_of(expand(label, tissue))))
        if not any(self.table.tells(word) for word in words):
            return Match(label)
        own_head = head_of(words, self.table.heads)
        noun = head or (own_head[0] if own_head else "")
        for score, row in self.table.ranked(words, has_head=own_head is not None):
            if score < (SURE_SCORE if head else LEAST_SCORE):
                break
            term = self.table.ids[row]
            if not noun and (self.table.is_ambiguous(words, row) or self._by_first_part(label, tissue).score > score):
                break
            fitting = not noun or fits(term, noun, strictly=bool(head) or score < SURE_SCORE)
            if fitting and not contradict(words, self.table.words_at(row)):
                return self._found(label, term, score, "tier2_token" if score > SURE_SCORE else "tier3_overlap")
        if own_head and not head:
            return self._found(label, own_head[0], 0.5 + 0.05 * own_head[1], "tier3_overlap")
        return Match(label)

    def _found(self, label: str, term: str, score: float, tier: str) -> Match:
        return Match(label, term, self.name_of(term), score, tier)


def matcher_for(index_path: str | Path | None = None, *, without: str = "") -> Matcher:
    """Return the matcher of the shipped table, made once per process, or of a file, read on every call.

    Parameters
    ----------
    index_path
        A table of one's own; the shipped facts of curators are not used with it.
    without
        A group of curators whose facts are left out (see `lexicon`).
    """
    return _shipped(without) if index_path is None else Matcher(load_ontology_index(index_path))


@lru_cache(maxsize=8)
def _shipped(without: str = "") -> Matcher:
    return Matcher(load_ontology_index(), facts_of(without))
