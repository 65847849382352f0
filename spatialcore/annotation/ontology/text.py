"""One way of writing: labels and ontology names become the same short lists of words.

``CD4+ T-cells``, ``T_cells_CD4pos`` and ``CD4-positive T cell`` all become words among which order and spelling no
longer differ. Signs stay on their marker (``cd4+``, ``cd8-``), so that a positive never meets a negative.
"""

import re
from functools import lru_cache

from spatialcore.annotation.ontology.normalize import plain
from spatialcore.annotation.ontology.vocabulary import PHRASES, words

_MARKER = r"(?:cd\d+[a-z]?|[a-z][a-z0-9]*\d[a-z0-9]*(?:[./]\d+)?|[a-z]{2,})"
_POSITIVE = re.compile(rf"\b({_MARKER})[\s_-]?(?:(?:positive|pos)(?![a-z])|\+{{1,3}})")
_NEGATIVE = re.compile(
    rf"\b({_MARKER})[\s_-]?(?:negative|neg)(?![a-z])|\b(cd\d+[a-z]?|ncr|ige|slan|[a-z]+\d+(?:[./]\d+)?)[-−–](?=$|[\s,.;:/)\]-]|cd\d)"
)
_BRIGHT = re.compile(r"\b(cd56)[\s_-]?(?:\+\+|br(?![a-z]))")
_LEVEL = re.compile(rf"\b({_MARKER})[\s_-]?(high|hi|bright|low|lo|dim|int)(?![a-z])")
# Authors write CD4 T for CD4+ T.
_UNSIGNED = re.compile(
    r"(?<![a-z0-9])(cd\d+[a-z]?)(?![a-z0-9+¬])(?!\W*(?:high|hi|low|lo|bright|dim|int|alpha|beta)\w*)"
)
_LEVELS = {"hi": "high", "lo": "low"}
_SPLIT = re.compile(r"[^a-z0-9+¬]+")


def _signed(text: str) -> str:
    text = _BRIGHT.sub(r"\1 bright ", text)
    text = _NEGATIVE.sub(lambda match: f"{match.group(1) or match.group(2)}¬ ", text)
    text = _POSITIVE.sub(r"\1+ ", text)
    text = _UNSIGNED.sub(r"\1+ ", text)
    return _LEVEL.sub(lambda match: f"{match.group(1)} {_LEVELS.get(match.group(2), match.group(2))} ", text)


def singular(word: str) -> str:
    """Return the singular of an English noun of this field; other words come back as they are."""
    if word in words("singular"):
        return words("singular")[word]
    if len(word) <= 3 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 5:
        return word[:-3] + "y"
    return word[:-1]


def _merge_phrases(text: str) -> str:
    for pattern, replacement in PHRASES:
        text = pattern.sub(replacement, text)
    return text


@lru_cache(maxsize=65536)
def spelled(label: str) -> str:
    """Return the words of a label in their order, singular, signs on their markers; nothing is expanded yet."""
    found = [singular(word.strip("+")) if word.strip("+") and not re.search(r"\d[a-z]?\+|[a-z]{2}\+", word) else word
             for word in _SPLIT.split(_signed(plain(label))) if word.strip("+¬")]  # fmt: skip
    if found[:1] == ["cell"] and len(found) > 1 and found[1] not in ("of", "in"):  # "Cells, mast"
        found = [*found[1:], "cell"]
    return " ".join(found)


@lru_cache(maxsize=65536)
def words_of(label: str) -> tuple[str, ...]:
    """Return the words of a label in the one vocabulary that names are compared in."""
    text = " ".join(words("same").get(word, word) for word in spelled(label).split())
    return tuple(word for word in _merge_phrases(f" {text} ").split() if word)
