"""The names of a look-up table, made ready for comparison."""

from functools import cached_property

import numpy as np

from spatialcore.annotation.ontology.abbreviations import whole_readings
from spatialcore.annotation.ontology.head_noun import SHORT_HEADS, noun_of
from spatialcore.annotation.ontology.hierarchy import depth, hierarchy, is_term
from spatialcore.annotation.ontology.index import Index
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.nearest import Spelling
from spatialcore.annotation.ontology.normalize import GREEK_NAMES
from spatialcore.annotation.ontology.phrasing import bare
from spatialcore.annotation.ontology.scoring import Scorer
from spatialcore.annotation.ontology.text import spelled, words_of
from spatialcore.annotation.ontology.weights import label_factor

# What a name's score is worth where the label lacks the noun of the name: "immune" is no immune oligodendroglia.
WITHOUT_NOUN = 0.9
N_RANKED = 50


class Names:
    """Names and synonyms with their terms, by words, by sets of words, and by likeness.

    Parameters
    ----------
    index
        The table (see `load_ontology_index`).
    """

    def __init__(self, index: Index) -> None:
        self.entries = index["cl"]
        self.keys = list(self.entries)
        self.ids = [self.entries[key]["id"] for key in self.keys]
        self.names = {entry["id"]: entry["name"] for entry in self.entries.values()}

    @cached_property
    def scorer(self) -> Scorer:
        """Return the names as weighted words."""
        return Scorer(self.keys, self.ids)

    @cached_property
    def spelling(self) -> Spelling:
        """Return the names as runs of letters."""
        return Spelling(self.keys)

    @cached_property
    def nouns(self) -> list[str]:
        """Return the noun of each name."""
        return [noun_of(key) for key in self.keys]

    @cached_property
    def by_spelling(self) -> dict[str, str]:
        """Return terms by their names in one spelling: no word is replaced, so near names stay apart."""
        return {spelled(name): term for term, name in sorted(self.names.items(), reverse=True)}

    def named(self, label: str) -> str | None:
        """Return the term whose name this is, but for its spelling and the word cell behind it."""
        text = spelled(label)
        return self.by_spelling.get(text) or self.by_spelling.get(text.removesuffix(" cell"))

    @cached_property
    def by_words(self) -> dict[tuple[str, ...], str]:
        """Return terms by the words of their names and synonyms; a name comes before a synonym."""
        found: dict[tuple[str, ...], str] = {}
        ranked = sorted(self.keys, key=lambda key: (self.entries[key]["name"].lower() != key, key))
        for key in ranked:
            found.setdefault(bare(words_of(key)), self.entries[key]["id"])
        return found

    @cached_property
    def heads(self) -> dict[tuple[str, ...], str]:
        """Return the names that may be the head of a label: our own readings come before synonyms of the ontology.

        Greek letters head nothing: they are of pancreatic islets, of T cell receptors, of neurons.
        """
        own = {bare(words_of(short)): self.term_of(bare(words_of(reads))) for short, reads in whole_readings().items()}
        known = self.by_words | {words: term for words, term in own.items() if term}
        return {words: term for words, term in known.items() if words[0] not in GREEK_NAMES or len(words) > 1}

    @cached_property
    def by_set(self) -> dict[frozenset[str], str]:
        """Return terms by their words in any order."""
        found: dict[frozenset[str], str] = {}
        for words, term in self.by_words.items():
            found.setdefault(frozenset(words), term)
        return found

    def term_of(self, words: tuple[str, ...]) -> str | None:
        """Return the term that has a name of just these words; B and a number are a cluster, not a B-2 B cell."""
        if len(words) == 2 and words[0] in SHORT_HEADS and words[1].isdigit():
            return None
        return self.by_words.get(words) or self.by_set.get(frozenset(words))

    def name_of(self, term: str) -> str:
        """Return the name of a term of the table, or else of the ontology."""
        return self.names.get(term) or hierarchy().names[term]

    def found(self, label: str, term: str, score: float, tier: str) -> Match:
        """Return a label's match with a term."""
        return Match(label, term, self.name_of(term), score, tier)

    def tells(self, word: str) -> bool:
        """Say whether a word can name a type by itself: organs, states, genes and single letters cannot."""
        is_long = len(word) > 1 or word in SHORT_HEADS
        return is_long and word in self.scorer.column and label_factor(word, is_known=True) == 1.0

    def ranked(self, words: tuple[str, ...], *, has_head: bool) -> list[tuple[float, int]]:
        """Return the best names for a label's words as (score, row), the plainer name first where scores are equal."""
        scores = self.scorer.scores(words)
        if not has_head:
            mine = set(words)
            scores = scores * np.where([noun in mine for noun in self.nouns], 1.0, WITHOUT_NOUN)
        rows = np.argsort(-scores, kind="stable")[:N_RANKED].tolist()
        best = sorted(rows, key=lambda row: (-round(float(scores[row]), 6), self.scorer.sizes[row], self._depth(row)))
        return [(float(scores[row]), row) for row in best]

    def words_at(self, row: int) -> frozenset[str]:
        """Return the words of a name, and of the name of its term."""
        return self.scorer.words[row] | set(words_of(self.names[self.ids[row]]))

    def nearest(self, label: str, words: tuple[str, ...], count: int = 3) -> tuple[tuple[str, str, float], ...]:
        """Return the terms nearest to a label by words, then by spelling, as (id, name, score)."""
        by_words = [(score, row) for score, row in self.ranked(words, has_head=True) if score > 0]
        found: dict[str, float] = {}
        for score, row in [*by_words, *self.spelling.nearest(label, 4 * count)]:
            found.setdefault(self.ids[row], round(score, 3))
        return tuple((term, self.name_of(term), score) for term, score in list(found.items())[:count])

    def _depth(self, row: int) -> int:
        term = self.ids[row]
        return depth(term) if is_term(term) else 0
