"""What a word of a label or of a term's name is worth in a comparison."""

import re

from spatialcore.annotation.ontology.vocabulary import words

_GENE = re.compile(r"[a-z]+\d+[a-z0-9]*|\d+")


def label_factor(word: str, *, is_known: bool) -> float:
    """Return the share of a word's weight that counts against a term which lacks it."""
    if word == "cell":
        return 0.0
    if word in words("state"):
        return 0.1
    if word in words("place"):
        return 0.35
    if not is_known:
        return 0.15 if _GENE.fullmatch(word.strip("+¬")) or word[-1] in "+¬" else 0.3
    if word[-1] in "+¬" or _GENE.fullmatch(word):
        return 0.4
    return 1.0


def term_factor(word: str) -> float:
    """Return the share of a word's weight that counts against a label which lacks it."""
    if word == "cell":
        return 0.0
    if word in words("silent"):
        return 0.05
    return 1.0
