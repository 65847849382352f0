"""Match a label to a Cell Ontology term in tiers: exact names, patterns and curated labels, label parts, shared words.

Tiers: ``tier1_exact`` (id, name or synonym), ``tier0_pattern`` (abbreviation, pattern or curated label),
``tier2_token`` and ``tier3_overlap`` (parts of the label, shared words). A term found by shared words is checked
against the head of the label (`head_noun`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from spatialcore.annotation.ontology.abbreviations import expansion
from spatialcore.annotation.ontology.fuzzy import comparison_words, fuzzy_match
from spatialcore.annotation.ontology.head_noun import SHORT_HEADS
from spatialcore.annotation.ontology.hierarchy import ROOT, current_id
from spatialcore.annotation.ontology.index import IndexEntry, OntologyIndex, load_ontology_index
from spatialcore.annotation.ontology.junk import is_junk
from spatialcore.annotation.ontology.label_parts import (
    by_alternatives,
    by_first_part,
    by_simplified_label,
    names_several,
    remove_number,
)
from spatialcore.annotation.ontology.lookup import IDENTIFIER, LabelLookup, load_lexicon, refine_by_marker
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.nearest import correct_spelling
from spatialcore.annotation.ontology.normalize import normalize_characters, remove_prefix, standard_spelling
from spatialcore.annotation.ontology.term_names import TermNames
from spatialcore.annotation.ontology.tissue import narrow_to_tissue
from spatialcore.annotation.ontology.vocabulary import words as vocabulary
from spatialcore.annotation.references.uninformative import is_uninformative


class Matcher:
    """Match labels to terms.

    Parameters
    ----------
    index
        The ontology index (see `load_ontology_index`).
    lexicon
        Terms by the words of curated labels (see `load_lexicon`).
    """

    def __init__(self, index: OntologyIndex, lexicon: Mapping[str, str] | None = None) -> None:
        self.metadata = index["metadata"]
        self.term_names = TermNames(index)
        self.lookup = LabelLookup(self.term_names, lexicon or {})

    @property
    def entries(self) -> dict[str, IndexEntry]:
        """Return the entries of the index by lower-case name."""
        return self.term_names.entries

    @property
    def names(self) -> dict[str, str]:
        """Return the names of the terms in the index by id."""
        return self.term_names.names

    def name_of(self, term: str) -> str:
        """Return the name of a term in the index, or else in the Cell Ontology."""
        return self.term_names.name_of(term)

    def exact(self, label: str, tissue: str = "") -> Match:
        """Return the match of a label that is an id, a name, a synonym or an abbreviation."""
        return self.lookup.exact(label, tissue)

    def match(self, label: str, tissue: str = "") -> Match:
        """Return the match of a label; an unmapped label that may name a type gets the nearest terms.

        Examples
        --------
        >>> matcher_for().match("CD4+ T cells").name
        'CD4-positive, alpha-beta T cell'
        """
        text = remove_prefix(normalize_characters(label))
        match = replace(self._match_text(text, tissue), label=label.strip())
        if not match.id and is_uninformative(label):
            return match
        if not match.id:
            words = comparison_words(text, tissue)
            suggestions = self.term_names.nearest(text, words, compare_spelling=not is_junk(label))
            return replace(match, suggestions=suggestions)
        if tissue and f"{standard_spelling(text)} cell" == standard_spelling(match.name):
            term = narrow_to_tissue(match.id, tissue)
            return match if term == match.id else match.with_term(term, self.name_of(term))
        return match

    def _match_text(self, label: str, tissue: str) -> Match:
        if not self._names_a_type(label, tissue):
            return Match(label)
        match = next((match for match in self._steps(label, tissue) if match.id), None)
        if match:
            return match
        words = standard_spelling(label).split()
        corrected = correct_spelling(words, self.term_names.scorer.column)
        if corrected == words:
            return Match(label)
        return replace(self._match_text(" ".join(corrected), tissue), label=label)

    def _steps(self, label: str, tissue: str) -> Iterator[Match]:
        unnumbered = remove_number(label)
        if unnumbered not in (label, ""):
            yield self.lookup.match(label, tissue)
            yield self._match_unnumbered(label, unnumbered, tissue)
        if names_several(self.lookup, label, tissue):
            yield by_alternatives(self.lookup, label, tissue)
        yield self.lookup.match(label, tissue)
        yield refine_by_marker(self.term_names, by_simplified_label(self.lookup, label, tissue))
        yield by_alternatives(self.lookup, label, tissue)
        by_prefix = by_first_part(self.lookup, label, tissue)
        fuzzy = fuzzy_match(self.term_names, label, tissue, min_headless_score=by_prefix.score)
        yield refine_by_marker(self.term_names, fuzzy)
        yield by_prefix

    def _match_unnumbered(self, label: str, unnumbered: str, tissue: str) -> Match:
        """Return the match of a label without its cluster number; later steps never use the number."""
        match = self._match_text(unnumbered, tissue)
        is_exact = match.tier in ("tier0_pattern", "tier1_exact")
        return replace(match, label=label, score=min(match.score, 0.85), tier="tier2_token" if is_exact else match.tier)

    def _names_a_type(self, label: str, tissue: str) -> bool:
        if IDENTIFIER.fullmatch(label):
            return current_id(label) is not None
        is_name = label.lower() in self.entries or standard_spelling(label) == self.name_of(ROOT)
        # a single letter is a phase or a cluster: S is not S cell
        is_letter = len(label) == 1 and label.isascii() and standard_spelling(label) not in SHORT_HEADS
        text = standard_spelling(remove_number(label))
        if is_letter or (text in vocabulary("trap") and not self._is_abbreviation(text, tissue)):
            return False
        return is_name or bool(standard_spelling(label) and not is_junk(label))

    def _is_abbreviation(self, text: str, tissue: str) -> bool:
        return bool(expansion(text, tissue) or self.lookup.by_label_abbreviation(text, tissue))


def matcher_for(index_path: str | Path | None = None, *, excluded_sources: str = "") -> Matcher:
    """Return the matcher of the shipped index, created once per process, or of a file, read on every call.

    Parameters
    ----------
    index_path
        A custom index; the lexicon is not used with it.
    excluded_sources
        Sources of the lexicon to exclude, separated by commas (see `load_lexicon`).
    """
    return _shipped(excluded_sources) if index_path is None else Matcher(load_ontology_index(index_path))


@lru_cache(maxsize=8)
def _shipped(excluded_sources: str = "") -> Matcher:
    return Matcher(load_ontology_index(), load_lexicon(excluded_sources))
