"""Names by the letters they are made of: the last resort for suggestions, and for slips of the pen."""

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np
from scipy.sparse import csr_matrix, diags

LONG_WORD = 8
LIKENESS = 0.87


class Spelling:
    """Names as runs of three letters, rare ones weighing more.

    Parameters
    ----------
    keys
        Names and synonyms in lower case.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        runs = [_runs(key) for key in keys]
        holders = Counter(run for of in runs for run in set(of))
        self._column = {run: column for column, run in enumerate(sorted(holders))}
        self._idf = np.array([np.log(len(keys) / holders[run]) + 1 for run in self._column])
        self._matrix = self._weighted(runs)

    def _weighted(self, runs: Sequence[Sequence[str]]) -> csr_matrix:
        columns = [[self._column[run] for run in of if run in self._column] for of in runs]
        starts = np.concatenate([[0], np.cumsum([len(of) for of in columns])])
        flat = np.array([column for of in columns for column in of], dtype=int)
        matrix = csr_matrix((self._idf[flat], flat, starts), shape=(len(runs), len(self._column)))
        matrix.sum_duplicates()
        length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        return csr_matrix(diags(1 / np.maximum(length, 1e-12)) @ matrix)

    def nearest(self, label: str, count: int) -> list[tuple[float, int]]:
        """Return (likeness 0 to 1, row) of the names most like a label; nothing where no three letters are shared."""
        likeness = (self._matrix @ self._weighted([_runs(label.lower())]).T).toarray().ravel()
        rows = np.argsort(-likeness, kind="stable")[:count].tolist()
        return [(float(likeness[row]), row) for row in rows if likeness[row] > 0]


def _runs(text: str) -> list[str]:
    words = [f" {word} " for word in text.split()]
    return [word[start : start + 3] for word in words for start in range(len(word) - 2)]


def respelled(words: Sequence[str], known: Iterable[str]) -> list[str]:
    """Return words with slips of the pen in long ones put right; short words are too like each other for that.

    Examples
    --------
    >>> respelled(["ventricular", "cardiomycoyte"], ["cardiomyocyte", "ventricular"])
    ['ventricular', 'cardiomyocyte']
    """
    right = [word for word in known if len(word) >= LONG_WORD]
    return [_nearest_word(word, right) if len(word) >= LONG_WORD and word.isalpha() else word for word in words]


def _nearest_word(word: str, known: Sequence[str]) -> str:
    close = [word] if word in known else get_close_matches(word, known, n=3, cutoff=LIKENESS)
    return next((other for other in close if _is_slip(word, other)), word)


def _is_slip(word: str, other: str) -> bool:
    """Say whether letters were swapped, left out or doubled: with another letter a thyrocyte becomes a thymocyte."""
    one, two = Counter(word), Counter(other)
    return not (one - two and two - one) and abs(len(word) - len(other)) <= 1
