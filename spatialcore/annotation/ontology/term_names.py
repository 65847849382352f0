"""The names of an ontology index, prepared for comparison with labels by spelling, words and weighted overlap."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from spatialcore.annotation.ontology.abbreviations import label_expansions
from spatialcore.annotation.ontology.head_noun import SHORT_HEADS, noun_of
from spatialcore.annotation.ontology.hierarchy import hierarchy, is_term
from spatialcore.annotation.ontology.index import OntologyIndex
from spatialcore.annotation.ontology.match import Match, MatchTier
from spatialcore.annotation.ontology.nearest import TrigramIndex
from spatialcore.annotation.ontology.normalize import GREEK_NAMES, standard_spelling, words_of
from spatialcore.annotation.ontology.phrasing import without_cell
from spatialcore.annotation.ontology.relations import depth
from spatialcore.annotation.ontology.vocabulary import words as vocabulary

# Factor on the score of a name whose noun the label lacks: "immune" does not mean immune oligodendroglia.
NO_NOUN_FACTOR = 0.9
# Weight of a word that only the name has, relative to a word that only the label has.
NAME_WEIGHT = 0.9
N_RANKED = 50
MIN_SHARED = 0.1  # score of shared words; below it only words such as "lineage" are shared
MIN_SPELLING = 0.25  # cosine similarity of trigrams; a misspelled word has 0.3 to 0.7
MIN_WORD_LETTERS, MIN_WORD_SIMILARITY = 6, 0.7  # "makrofage" and "macrophage" have 0.74
_GENE = re.compile(r"[a-z]+\d+[a-z0-9]*|\d+")


def label_factor(word: str, *, in_names: bool) -> float:
    """Return the factor on the weight of a label's word that a name lacks.

    Parameters
    ----------
    word
        A word of a label.
    in_names
        Whether any name has the word.
    """
    if word == "cell":
        return 0.0
    if word in vocabulary("state"):
        return 0.1
    if word in vocabulary("place"):
        return 0.35
    if not in_names:
        return 0.15 if _GENE.fullmatch(word.strip("+¬")) or word[-1] in "+¬" else 0.3
    if word[-1] in "+¬" or _GENE.fullmatch(word):
        return 0.4
    return 1.0


def name_factor(word: str) -> float:
    """Return the factor on the weight of a name's word that a label lacks."""
    if word == "cell":
        return 0.0
    return 0.05 if word in vocabulary("silent") else 1.0


class OverlapScorer:
    """Names as sets of weighted words; rare words have a higher weight (idf over terms).

    Parameters
    ----------
    keys
        Names and synonyms.
    ids
        The term of each.
    """

    def __init__(self, keys: Sequence[str], ids: Sequence[str]) -> None:
        self.words = [frozenset(words_of(key)) - {"cell"} for key in keys]
        self.sizes = np.array([len(words) for words in self.words])
        terms_with: dict[str, set[str]] = {}
        for words, term in zip(self.words, ids, strict=True):
            for word in words:
                terms_with.setdefault(word, set()).add(term)
        n_terms = len(set(ids))
        self.idf = {word: float(np.log(1 + n_terms / len(terms))) for word, terms in sorted(terms_with.items())}
        self.column = {word: column for column, word in enumerate(self.idf)}
        self.idf_of_new_words = float(np.log(1 + n_terms))
        self.weights = np.array([self.idf[word] * name_factor(word) for word in self.idf])
        self.matrix = self._matrix()
        self.totals = self.matrix @ self.weights

    def _matrix(self) -> csr_matrix:
        columns = [self.column[word] for words in self.words for word in sorted(words)]
        starts = np.concatenate([[0], np.cumsum(self.sizes)])
        return csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(self.words), len(self.column)))

    def scores(self, words: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the weighted overlap of each name with these words: one value of 0 to 1 per name."""
        label_words = sorted(set(words))
        shared = [word for word in label_words if word in self.column]
        if not shared:
            return np.zeros(len(self.words))
        weight = {
            word: self.idf.get(word, self.idf_of_new_words) * label_factor(word, in_names=word in self.column)
            for word in label_words
        }
        columns = [self.column[word] for word in shared]
        hits = self.matrix[:, columns]
        overlap = hits @ np.array([max(weight[word], 0.1 * self.idf[word]) for word in shared])
        label_only = sum(weight.values()) - hits @ np.array([weight[word] for word in shared])
        name_only = self.totals - hits @ self.weights[columns]
        return np.asarray(overlap / (overlap + label_only + NAME_WEIGHT * name_only + 1e-9))


class TermNames:
    """Names and synonyms of an ontology index with their terms.

    Parameters
    ----------
    index
        The index (see `load_ontology_index`).
    """

    def __init__(self, index: OntologyIndex) -> None:
        self.entries = index["cl"]
        self.keys = list(self.entries)
        self.ids = [self.entries[key]["id"] for key in self.keys]
        self.names = {entry["id"]: entry["name"] for entry in self.entries.values()}

    @cached_property
    def scorer(self) -> OverlapScorer:
        """Return the names as sets of weighted words."""
        return OverlapScorer(self.keys, self.ids)

    @cached_property
    def trigrams(self) -> TrigramIndex:
        """Return the names as trigrams."""
        return TrigramIndex(self.keys)

    @cached_property
    def nouns(self) -> list[str]:
        """Return the noun of each name."""
        return [noun_of(key) for key in self.keys]

    @cached_property
    def by_spelling(self) -> dict[str, str]:
        """Return terms by the standard spelling of their names; no word is replaced, so similar names differ."""
        return {standard_spelling(name): term for term, name in sorted(self.names.items(), reverse=True)}

    def term_with_name(self, label: str) -> str | None:
        """Return the term with this name, regardless of spelling and of a trailing word cell."""
        text = standard_spelling(label)
        return self.by_spelling.get(text) or self.by_spelling.get(text.removesuffix(" cell"))

    @cached_property
    def by_words(self) -> dict[tuple[str, ...], str]:
        """Return terms by the words of their names and synonyms; names have priority over synonyms."""
        terms: dict[tuple[str, ...], str] = {}
        names_first = sorted(self.keys, key=lambda key: (self.entries[key]["name"].lower() != key, key))
        for key in names_first:
            terms.setdefault(without_cell(words_of(key)), self.entries[key]["id"])
        return terms

    @cached_property
    def heads(self) -> dict[tuple[str, ...], str]:
        """Return terms by the words that can be the head of a label; abbreviations have priority over synonyms.

        A Greek letter alone is not a head: it may mean pancreatic islets, T cell receptors or neurons.
        """
        expanded = {
            without_cell(words_of(abbreviation)): self.term_of(without_cell(words_of(expansion)))
            for abbreviation, expansion in label_expansions().items()
        }
        terms = self.by_words | {words: term for words, term in expanded.items() if term}
        return {words: term for words, term in terms.items() if words[0] not in GREEK_NAMES or len(words) > 1}

    @cached_property
    def by_set(self) -> dict[frozenset[str], str]:
        """Return terms by the set of words of their names."""
        terms: dict[frozenset[str], str] = {}
        for words, term in self.by_words.items():
            terms.setdefault(frozenset(words), term)
        return terms

    def term_of(self, words: tuple[str, ...]) -> str | None:
        """Return the term with a name of exactly these words; B and a number mean a cluster, not B-2 B cell."""
        if len(words) == 2 and words[0] in SHORT_HEADS and words[1].isdigit():
            return None
        return self.by_words.get(words) or self.by_set.get(frozenset(words))

    def name_of(self, term: str) -> str:
        """Return the name of a term in the index, or else in the Cell Ontology."""
        return self.names.get(term) or hierarchy().names[term]

    def match(self, label: str, term: str, score: float, tier: MatchTier) -> Match:
        """Return the match of a label with a term."""
        return Match(label, term, self.name_of(term), score, tier)

    def is_informative(self, word: str) -> bool:
        """Return whether a word can name a type on its own; organs, states, genes and single letters cannot."""
        is_word = len(word) > 1 or word in SHORT_HEADS
        return is_word and word in self.scorer.column and label_factor(word, in_names=True) == 1.0

    def ranked(self, words: tuple[str, ...], *, has_head: bool) -> list[tuple[float, int]]:
        """Return the best names for a label's words as (score, row); on ties the shorter, then the more general."""
        scores = self.scorer.scores(words)
        if not has_head:
            label_words = set(words)
            scores = scores * np.where([noun in label_words for noun in self.nouns], 1.0, NO_NOUN_FACTOR)
        rows = np.argsort(-scores, kind="stable")[:N_RANKED].tolist()
        best = sorted(rows, key=lambda row: (-round(float(scores[row]), 6), self.scorer.sizes[row], self._depth(row)))
        return [(float(scores[row]), row) for row in best]

    def words_at(self, row: int) -> frozenset[str]:
        """Return the words of the name or synonym in a row, and of the name of its term."""
        return self.scorer.words[row] | set(words_of(self.names[self.ids[row]]))

    def nearest(
        self, label: str, words: tuple[str, ...], count: int = 3, *, compare_spelling: bool = True
    ) -> tuple[tuple[str, str, float], ...]:
        """Return the terms nearest to a label by words, then by spelling, as (id, name, score).

        A term is returned if the label has its head noun (*T* of *cycling T cell*), or a long word that is spelled much
        like one of its words. A label that only shares an adjective or a few letters with a term gets no suggestion.
        """
        ranked = self.ranked(words, has_head=True)
        by_words = [(score, row) for score, row in ranked if score >= MIN_SHARED and self.nouns[row] in words]
        scores: dict[str, float] = {}
        similar = self.trigrams.nearest(label, 4 * count) if compare_spelling else []
        by_spelling = [(score, row) for score, row in similar if score >= MIN_SPELLING and self._resembles(words, row)]
        for score, row in [*by_words, *by_spelling]:
            scores.setdefault(self.ids[row], round(score, 3))
        return tuple((term, self.name_of(term), score) for term, score in list(scores.items())[:count])

    def _resembles(self, words: tuple[str, ...], row: int) -> bool:
        """Return whether a long word of a label is spelled much like a word of a name."""
        long_words = [word for word in words if len(word) >= MIN_WORD_LETTERS and word.isalpha()]
        return any(get_close_matches(word, self.words_at(row), n=1, cutoff=MIN_WORD_SIMILARITY) for word in long_words)

    def _depth(self, row: int) -> int:
        term = self.ids[row]
        return depth(term) if is_term(term) else 0
