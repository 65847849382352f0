"""From one label to one term: exact names first, then patterns, then words, with a guard on the lineage."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from spatialcore.annotation import patterns  # it imports this package: its names are looked up when called
from spatialcore.annotation.ontology.abbreviations import reading
from spatialcore.annotation.ontology.hierarchy import depth, hierarchy, is_term
from spatialcore.annotation.ontology.index import Index, load_ontology_index
from spatialcore.annotation.ontology.junk import is_junk
from spatialcore.annotation.ontology.text import spelled, words_of
from spatialcore.annotation.ontology.weights import label_factor, term_factor


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


class Matcher:
    """A look-up table made ready for comparison."""

    def __init__(self, index: Index) -> None:
        self.metadata: dict[str, Any] = index["metadata"]
        self.entries = index["cl"]
        self.keys = list(self.entries)
        self.ids = np.array([self.entries[key]["id"] for key in self.keys])
        self.names = {entry["id"]: entry["name"] for entry in self.entries.values()}

    @cached_property
    def key_words(self) -> list[frozenset[str]]:
        return [frozenset(words_of(key)) - {"cell"} for key in self.keys]

    @cached_property
    def by_words(self) -> dict[tuple[str, ...], str]:
        found: dict[tuple[str, ...], str] = {}
        ranked = sorted(self.keys, key=lambda key: (self.entries[key]["name"].lower() != key, key))
        for key in ranked:
            found.setdefault(bare(words_of(key)), self.entries[key]["id"])
        return found

    @cached_property
    def by_set(self) -> dict[frozenset[str], str]:
        found: dict[frozenset[str], str] = {}
        for words, term in self.by_words.items():
            found.setdefault(frozenset(words), term)
        return found

    @cached_property
    def idf(self) -> dict[str, float]:
        counts: dict[str, set[str]] = {}
        for words, term in zip(self.key_words, self.ids, strict=True):
            for word in words:
                counts.setdefault(word, set()).add(term)
        total = len(self.names)
        return {word: float(np.log(1 + total / len(terms))) for word, terms in counts.items()}

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        return {word: column for column, word in enumerate(sorted(self.idf))}

    @cached_property
    def term_matrix(self) -> csr_matrix:
        rows, columns = [], []
        for row, words in enumerate(self.key_words):
            for word in words:
                rows.append(row)
                columns.append(self.vocabulary[word])
        return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(self.keys), len(self.vocabulary)))

    @cached_property
    def term_costs(self) -> np.ndarray:
        words = sorted(self.idf)
        return np.array([self.idf[word] * term_factor(word) for word in words])

    def name_of(self, term: str) -> str:
        """Return the name of a term of the index, or else of the ontology."""
        return self.names.get(term) or hierarchy().names[term]

    def match(self, label: str, tissue: str = "") -> Match:
        """Return the term of a label, or the nearest ones where none is near enough."""
        if is_junk(label) and not is_term(label.strip()):
            return Match(label)
        found = self.exact(label, tissue)
        return found if found.id else self._by_tokens(label, bare(words_of(expand(label, tissue))))

    def exact(self, label: str, tissue: str = "") -> Match:
        """Return the term of a label that is an id, a name, a synonym or a known short form of one."""
        label = label.strip()
        if is_term(label):
            return self._found(label, label, 1.0, "tier1_exact")
        entry = self.entries.get(label.lower())
        if entry and not reading(label.lower(), tissue):
            return self._found(label, entry["id"], 1.0, "tier1_exact")
        words = bare(words_of(label))
        opened = bare(words_of(expand(label, tissue)))
        if (words == opened or len(words) > 1) and (term := self._term_of(words)):
            return self._found(label, term, 1.0, "tier1_exact")
        canonical = patterns.get_canonical_term(label)
        if canonical and canonical in self.entries:
            return self._found(label, self.entries[canonical]["id"], 0.95, "tier0_pattern")
        term = self._term_of(opened)
        return self._found(label, term, 0.95, "tier0_pattern") if term else Match(label)

    def _term_of(self, words: tuple[str, ...]) -> str | None:
        return self.by_words.get(words) or self.by_set.get(frozenset(words))

    def _by_tokens(self, label: str, words: tuple[str, ...]) -> Match:
        present = sorted(set(words))
        default = float(np.log(1 + len(self.names)))
        known = [word for word in present if word in self.vocabulary]
        if not known:
            return Match(label)
        cost = {w: self.idf.get(w, default) * label_factor(w, is_known=w in self.vocabulary) for w in present}
        columns = [self.vocabulary[word] for word in known]
        hit = self.term_matrix[:, columns]
        gained = hit @ np.array([max(cost[w], 0.1 * self.idf[w]) for w in known])
        shared = hit @ self.term_costs[columns]
        total = self.term_matrix @ self.term_costs
        missing_label = sum(cost.values()) - hit @ np.array([cost[w] for w in known])
        score = gained / (gained + 1.0 * missing_label + 0.9 * (total - shared) + 1e-9)
        score[gained == 0] = 0
        order = np.argsort(-score, kind="stable")[:50]
        best = max(order, key=lambda row: (round(score[row], 6), -len(self.key_words[row]), -depth(str(self.ids[row]))))
        if score[best] < 0.45:
            return Match(label, score=0)
        return self._found(
            label, str(self.ids[best]), float(score[best]), "tier2_token" if score[best] > 0.6 else "tier3_overlap"
        )

    def _found(self, label: str, term: str, score: float, tier: str) -> Match:
        return Match(label, term, self.name_of(term), score, tier)


def bare(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words without the word cell, doubled words once."""
    kept = [word for word in words if word != "cell"]
    return tuple(dict.fromkeys(kept)) or ("cell",)


def expand(label: str, tissue: str = "") -> str:
    """Return a label's words with the short forms spelled out."""
    return " ".join(reading(word, tissue) or word for word in spelled(label).split())


def matcher_for(index_path: str | Path | None = None) -> Matcher:
    """Return the matcher of the shipped table, made once per process, or of a file, read on every call."""
    return _shipped() if index_path is None else Matcher(load_ontology_index(index_path))


@lru_cache(maxsize=1)
def _shipped() -> Matcher:
    return Matcher(load_ontology_index())
