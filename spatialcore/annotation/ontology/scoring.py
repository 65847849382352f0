"""How near every name of a look-up table is to the words of a label."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from spatialcore.annotation.ontology.text import words_of
from spatialcore.annotation.ontology.weights import label_factor, term_factor

# A word of the term that the label lacks costs a little less than one of the label that the term lacks.
TERM_SHARE = 0.9


class Scorer:
    """Names as weighted sets of words; rare words weigh more.

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
        terms: dict[str, set[str]] = {}
        for words, term in zip(self.words, ids, strict=True):
            for word in words:
                terms.setdefault(word, set()).add(term)
        n_terms = len(set(ids))
        self.idf = {word: float(np.log(1 + n_terms / len(holders))) for word, holders in sorted(terms.items())}
        self.column = {word: column for column, word in enumerate(self.idf)}
        self.unseen = float(np.log(1 + n_terms))
        self.costs = np.array([self.idf[word] * term_factor(word) for word in self.idf])
        self.matrix = self._matrix()
        self.totals = self.matrix @ self.costs

    def _matrix(self) -> csr_matrix:
        columns = [self.column[word] for words in self.words for word in sorted(words)]
        starts = np.concatenate([[0], np.cumsum(self.sizes)])
        return csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(self.words), len(self.column)))

    def scores(self, words: Sequence[str]) -> np.ndarray:
        """Return the weighted overlap of each name with these words, 0 to 1."""
        present = sorted(set(words))
        known = [word for word in present if word in self.column]
        if not known:
            return np.zeros(len(self.words))
        cost = {w: self.idf.get(w, self.unseen) * label_factor(w, is_known=w in self.column) for w in present}
        columns = [self.column[word] for word in known]
        hit = self.matrix[:, columns]
        gained = hit @ np.array([max(cost[w], 0.1 * self.idf[w]) for w in known])
        label_left = sum(cost.values()) - hit @ np.array([cost[w] for w in known])
        term_left = self.totals - hit @ self.costs[columns]
        return np.asarray(gained / (gained + label_left + TERM_SHARE * term_left + 1e-9))
