"""Names by the letters they are made of: the last resort for suggestions, and for slips of the pen."""

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np

LONG_WORD = 8
LIKENESS = 0.88


class Spelling:
    """Names as runs of three letters.

    Parameters
    ----------
    keys
        Names and synonyms in lower case.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3))
        self._matrix = self._vectorizer.fit_transform(keys)

    def nearest(self, label: str, count: int) -> list[tuple[float, int]]:
        """Return (likeness 0 to 1, row) of the names most like a label; nothing where no three letters are shared."""
        likeness = (self._matrix @ self._vectorizer.transform([label.lower()]).T).toarray().ravel()
        rows = np.argsort(-likeness, kind="stable")[:count].tolist()
        return [(float(likeness[row]), row) for row in rows if likeness[row] > 0]


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
    return not (one - two and two - one)
