"""Look whole labels up: ids, names, synonyms, abbreviations, patterns, and the lexicon of curated labels.

Two tables in ``data/ontology_mappings`` are read here. ``lexicon.tsv``, made by ``tools/build_lexicon.py``, has the
words of labels of published atlases, the term that their curators chose, and the sources; NOTICE has their licences.
``subsets.tsv`` has types, a marker, and the subset with this marker: an NK cell with CD16, a dendritic cell with
CLEC9A. A marker with ``¬`` is one that the cells lack.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from spatialcore.annotation.ontology.abbreviations import expansion, label_word_sets
from spatialcore.annotation.ontology.hierarchy import current_id, is_term
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.normalize import normalize_label, standard_spelling, words_of
from spatialcore.annotation.ontology.phrasing import expand, without_cell
from spatialcore.annotation.ontology.relations import distance, lowest_common_ancestor
from spatialcore.annotation.ontology.term_names import TermNames
from spatialcore.annotation.ontology.vocabulary import read_rows
from spatialcore.annotation.patterns import get_canonical_term

IDENTIFIER = re.compile(r"[A-Z]+:\d{4,}")
# Curated terms at most this far from their common ancestor are replaced by it; others contradict each other.
MAX_DISTANCE = 2


class LabelLookup:
    """Look up whole labels.

    Parameters
    ----------
    names
        The names of the index.
    lexicon
        Terms by the words of curated labels (see `load_lexicon`).
    """

    def __init__(self, names: TermNames, lexicon: Mapping[str, str]) -> None:
        self.names = names
        self.lexicon = lexicon

    def match(self, label: str, tissue: str = "") -> Match:
        """Return the match by name, synonym, abbreviation or pattern, or else by the lexicon."""
        exact = self.exact(label, tissue)
        return exact if exact.id else self.in_lexicon(label)

    def exact(self, label: str, tissue: str = "") -> Match:
        """Return the match of a label that is an id, a name, a synonym or an abbreviation."""
        label = label.strip()
        if IDENTIFIER.fullmatch(label):
            term = current_id(label)
            return self._match(label, term, 1.0) if term else Match(label)
        by_name = self._by_name(label, tissue)
        return by_name if by_name.id else self._by_words(label, tissue)

    def _by_name(self, label: str, tissue: str) -> Match:
        entry = self.names.entries.get(label.lower())
        if entry and entry["name"].lower() == label.lower():
            return self._match(label, entry["id"], 1.0)
        if not entry and (term := self.names.term_with_name(label)):
            return self._match(label, term, 1.0)
        if term := self.by_label_abbreviation(label, tissue):
            return self._match(label, term, 0.95)
        return self._by_synonym(label, tissue)

    def _by_synonym(self, label: str, tissue: str) -> Match:
        keys = (label.lower(), normalize_label(label).removesuffix(" cells"))
        key = next((key for key in keys if key in self.names.entries), "")
        is_abbreviation = bool(expansion(key, tissue))  # "PC" is a synonym of Purkinje cell
        return self._match(label, self.names.entries[key]["id"], 1.0) if key and not is_abbreviation else Match(label)

    def _by_words(self, label: str, tissue: str) -> Match:
        words, expanded = without_cell(words_of(label)), without_cell(words_of(expand(label, tissue)))
        if (words == expanded or len(words) > 1) and (term := self.names.term_of(words)):
            return self._match(label, term, 1.0)
        canonical = get_canonical_term(label)
        if canonical and canonical in self.names.entries:
            return self._match(label, self.names.entries[canonical]["id"], 0.95)
        term = self.names.term_of(expanded)
        return self._match(label, term, 0.95) if term else Match(label)

    def by_label_abbreviation(self, label: str, tissue: str = "") -> str | None:
        """Return the term of a whole label in the table of abbreviations (``alpha cell``)."""
        words = without_cell(words_of(label))
        text = label_word_sets().get(frozenset(words)) or " ".join(words)
        expanded = expansion(f"{text} cell", f"{tissue} {text}")
        return self.names.term_of(without_cell(words_of(expanded))) if expanded else None

    def in_lexicon(self, label: str) -> Match:
        """Return the match that curators of published atlases gave a label."""
        term = self.lexicon.get(" ".join(without_cell(words_of(label))))
        return self._match(label, term, 0.9) if term else Match(label)

    def _match(self, label: str, term: str, score: float) -> Match:
        return self.names.match(label, term, score, "tier1_exact" if score == 1.0 else "tier0_pattern")


def load_lexicon(excluded: str = "") -> dict[str, str]:
    """Return the curated terms by the words of labels.

    Parameters
    ----------
    excluded
        Sources to exclude, separated by commas: an evaluation on a table must not use the table.
    """
    excluded_sources = frozenset(excluded.split(","))
    votes: dict[str, Counter[str]] = {}
    for words, term, sources in read_rows("lexicon.tsv"):
        count = sum(source not in excluded_sources for source in sources.split(","))
        if count:
            votes.setdefault(words, Counter())[term] += count
    return {words: term for words, count in votes.items() if (term := _majority_term(count))}


def _majority_term(votes: Counter[str]) -> str:
    """Return the term with most votes; on a tie the common ancestor of the terms if they are near it, else empty."""
    (first, n_first), *others = votes.most_common()
    if not others or n_first > others[0][1]:
        return first
    return _near_ancestor(votes)


def _near_ancestor(terms: Iterable[str]) -> str:
    ids = sorted(terms)
    common = lowest_common_ancestor(ids)
    return common if all(distance(term, common) <= MAX_DISTANCE for term in ids) else ""


@cache
def load_subsets() -> dict[tuple[str, str], str]:
    """Return the names of subsets by (name of the type, marker)."""
    rows = read_rows("subsets.tsv")
    return {(name, marker): subset for types, marker, subset in rows for name in types.split("; ")}


def refine_by_marker(names: TermNames, match: Match) -> Match:
    """Return a match with the subset that the markers of the label define; unchanged if they define none or several.

    Parameters
    ----------
    names
        The names of the index.
    match
        The match of a label, found without its markers.
    """
    if not match.id or not is_term(match.id):
        return match
    markers = {word.strip("+") for word in standard_spelling(match.label).split()}
    subsets = {name for marker in markers if (name := load_subsets().get((match.name, marker)))}
    terms = {term for name in subsets if (term := names.term_of(without_cell(words_of(name))))}
    return names.match(match.label, terms.pop(), match.score, match.tier) if len(terms) == 1 else match
