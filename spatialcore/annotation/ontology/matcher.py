"""From one label to one term: exact names first, then patterns, facts, parts of the label, and words.

Every guess is held against the head of the label (`heads`): a term that is no such cell is not an answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from spatialcore.annotation.ontology.abbreviations import reading
from spatialcore.annotation.ontology.fuzzy import guess, telling_words
from spatialcore.annotation.ontology.head_noun import SHORT_HEADS
from spatialcore.annotation.ontology.hierarchy import ROOT, current_id
from spatialcore.annotation.ontology.index import Index, load_ontology_index
from spatialcore.annotation.ontology.junk import is_junk
from spatialcore.annotation.ontology.label_parts import by_alternatives, by_first_part, by_shorter_form, names_several
from spatialcore.annotation.ontology.lexicon import facts_of
from spatialcore.annotation.ontology.lookup import IDENTIFIER, Known
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.nearest import respelled
from spatialcore.annotation.ontology.normalize import evened, without_front
from spatialcore.annotation.ontology.shorter_forms import without_number
from spatialcore.annotation.ontology.subsets import subset
from spatialcore.annotation.ontology.term_names import Names
from spatialcore.annotation.ontology.text import spelled
from spatialcore.annotation.ontology.tissue import narrowed
from spatialcore.annotation.ontology.vocabulary import words as vocabulary


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
        self.known = Known(self.table, facts or {})

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

    def exact(self, label: str, tissue: str = "") -> Match:
        """Return the term of a label that is an id, a name, a synonym or a known short form of one."""
        return self.known.exact(label, tissue)

    def match(self, label: str, tissue: str = "") -> Match:
        """Return the term of a label, or the nearest ones where none is near enough."""
        text = without_front(evened(label))
        found = replace(self._found_in(text, tissue), label=label.strip())
        if not found.id:
            return replace(found, suggestions=self.table.nearest(text, telling_words(text, tissue)))
        if tissue and f"{spelled(text)} cell" == spelled(found.name):
            narrow = narrowed(found.id, tissue)
            return found if narrow == found.id else found.renamed(narrow, self.name_of(narrow))
        return found

    def _found_in(self, label: str, tissue: str) -> Match:
        if not self._is_a_type(label, tissue):
            return Match(label)
        found = next((step for step in self._steps(label, tissue) if step.id), None)
        if found:
            return found
        words = spelled(label).split()
        corrected = respelled(words, self.table.scorer.column)
        return replace(self._found_in(" ".join(corrected), tissue), label=label) if corrected != words else Match(label)

    def _steps(self, label: str, tissue: str) -> Iterator[Match]:
        plainly = without_number(label)
        if plainly not in (label, ""):
            yield self.known.whole(label, tissue)
            yield self._numbered(label, plainly, tissue)
        if names_several(self.known, label, tissue):
            yield by_alternatives(self.known, label, tissue)
        yield self.known.whole(label, tissue)
        yield subset(self.table, by_shorter_form(self.known, label, tissue))
        yield by_alternatives(self.known, label, tissue)
        before_underscore = by_first_part(self.known, label, tissue)
        yield subset(self.table, guess(self.table, label, tissue, rival=before_underscore.score))
        yield before_underscore

    def _numbered(self, label: str, plainly: str, tissue: str) -> Match:
        """Return what a label is but for its cluster's number, which no step after the first looks at."""
        found = self._found_in(plainly, tissue)
        is_whole = found.tier in ("tier0_pattern", "tier1_exact")
        return replace(found, label=label, score=min(found.score, 0.85), tier="tier2_token" if is_whole else found.tier)

    def _is_a_type(self, label: str, tissue: str) -> bool:
        if IDENTIFIER.fullmatch(label):
            return current_id(label) is not None
        known = label.lower() in self.entries or spelled(label) == self.name_of(ROOT)
        is_letter = len(label) == 1 and label.isascii() and spelled(label) not in SHORT_HEADS  # S: a phase, no S cell
        text = spelled(without_number(label))
        if is_letter or (
            text in vocabulary("trap") and not (reading(text, tissue) or self.known.own_reading(text, tissue))
        ):
            return False
        return known or bool(spelled(label) and not is_junk(label))


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
