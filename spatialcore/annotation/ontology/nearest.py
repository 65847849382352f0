"""Similarity of spelling: trigrams for suggestions, close matches for misspelled words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np
from scipy.sparse import csr_matrix, diags

MIN_LETTERS = 8
MIN_SIMILARITY = 0.87


class TrigramIndex:
    """Names as trigrams of letters; rare trigrams have a higher weight (tf-idf).

    Parameters
    ----------
    keys
        Names and synonyms in lower case.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        trigrams = [_trigrams(key) for key in keys]
        n_keys = Counter(trigram for key_trigrams in trigrams for trigram in set(key_trigrams))
        self._column = {trigram: column for column, trigram in enumerate(sorted(n_keys))}
        self._idf = np.array([np.log(len(keys) / n_keys[trigram]) + 1 for trigram in self._column])
        self._matrix = self._weighted(trigrams)

    def _weighted(self, trigrams: Sequence[Sequence[str]]) -> csr_matrix:
        columns = [[self._column[trigram] for trigram in row if trigram in self._column] for row in trigrams]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in columns])])
        flat = np.array([column for row in columns for column in row], dtype=int)
        matrix = csr_matrix((self._idf[flat], flat, starts), shape=(len(trigrams), len(self._column)))
        matrix.sum_duplicates()
        length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        return csr_matrix(diags(1 / np.maximum(length, 1e-12)) @ matrix)

    def nearest(self, label: str, count: int) -> list[tuple[float, int]]:
        """Return (cosine similarity, row) of the most similar names, best first; similarity 0 is excluded."""
        similarity = (self._matrix @ self._weighted([_trigrams(label.lower())]).T).toarray().ravel()
        rows = np.argsort(-similarity, kind="stable")[:count].tolist()
        return [(float(similarity[row]), row) for row in rows if similarity[row] > 0]


def _trigrams(text: str) -> list[str]:
    words = [f" {word} " for word in text.split()]
    return [word[start : start + 3] for word in words for start in range(len(word) - 2)]


def correct_spelling(words: Sequence[str], vocabulary: Iterable[str]) -> list[str]:
    """Return words with misspelled long words corrected; short words are too similar to each other.

    Parameters
    ----------
    words
        The words of a label.
    vocabulary
        Correctly spelled words.

    Examples
    --------
    >>> correct_spelling(["ventricular", "cardiomycoyte"], ["cardiomyocyte", "ventricular"])
    ['ventricular', 'cardiomyocyte']
    """
    long_words = [word for word in vocabulary if len(word) >= MIN_LETTERS]
    return [_closest_word(word, long_words) if len(word) >= MIN_LETTERS and word.isalpha() else word for word in words]


def _closest_word(word: str, vocabulary: Sequence[str]) -> str:
    close = [word] if word in vocabulary else get_close_matches(word, vocabulary, n=3, cutoff=MIN_SIMILARITY)
    return next((candidate for candidate in close if _is_misspelling(word, candidate)), word)


def _is_misspelling(word: str, candidate: str) -> bool:
    """Return whether letters were swapped, omitted or doubled; a replaced letter turns a thyrocyte into a thymocyte."""
    letters, candidate_letters = Counter(word), Counter(candidate)
    is_replaced = bool(letters - candidate_letters and candidate_letters - letters)
    return not is_replaced and abs(len(word) - len(candidate)) <= 1
