"""The words of a label as they are compared: short forms spelled out, implied words added."""

import re
from collections.abc import Iterable

from spatialcore.annotation.ontology.abbreviations import abbreviations, reading_of
from spatialcore.annotation.ontology.heads import SHORT_HEADS
from spatialcore.annotation.ontology.text import singular, spelled, words_of

# Words beside which CD4 and CD8 do not mean a T cell.
HAS_CD4_CD8 = frozenset(
    ["t", "b", "nk", "dendritic", "monocyte", "macrophage", "thymocyte", "microglial", "myeloid", "granulocyte"]
)
# h, m: human, mouse; a: adaptive, activated; d: degenerative; c: cycling; i: immature; q: quiescent.
_STATE_IN_FRONT = re.compile(r"(?<![A-Za-z])[hmadciq](?:[A-Z][A-Za-z]+|[cmp]DC)\d*")


def bare(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words without the word cell, doubled words once."""
    kept = [word for word in words if word != "cell"]
    return tuple(dict.fromkeys(kept)) or ("cell",)


def expand(label: str, tissue: str = "") -> str:
    """Return a label's words with the short forms spelled out, each in the light of the tissue and of the others."""
    words = spelled(label).split()
    marked = {singular(word.lower()) for word in _STATE_IN_FRONT.findall(label)}
    context = f"{tissue} {' '.join(words)}"
    return " ".join(reading_of(word, context, has_state=word in marked) or word for word in words)


def is_telling(form: str) -> bool:
    """Say whether a part of a label may be looked up by itself: a letter alone is none, save T and B."""
    words = bare(words_of(form))
    return len(words) > 1 or len(words[0]) > 1 or words[0] in SHORT_HEADS or f"{words[0]} cell" in abbreviations()


def with_implied(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words, and T where CD4 or CD8 alone says so."""
    return (*words, "t") if {"cd4+", "cd8+"} & set(words) and not HAS_CD4_CD8 & set(words) else words
