"""The words of a label for the comparison with names: abbreviations expanded, implied nouns added."""

import re
from collections.abc import Iterable

from spatialcore.annotation.ontology.abbreviations import abbreviations, word_expansion
from spatialcore.annotation.ontology.head_noun import SHORT_HEADS
from spatialcore.annotation.ontology.normalize import singular, standard_spelling, words_of
from spatialcore.annotation.ontology.vocabulary import words as vocabulary

# With one of these words CD4 and CD8 do not imply a T cell.
HAS_CD4_CD8 = frozenset(
    ["t", "b", "nk", "dendritic", "monocyte", "macrophage", "thymocyte", "microglial", "myeloid", "granulocyte"]
)
# With one of these words a vessel does not imply endothelium.
NON_ENDOTHELIAL = frozenset(
    [
        "smoothmuscle",
        "muscle",
        "pericyte",
        "fibroblast",
        "mural",
        "myofibroblast",
        "adventitial",
        "smc",
        "stromal",
        "perivascular",
    ]
)
VESSELS = frozenset({"capillary", "vessel", "artery", "vein", "lymphatic", "arteriole", "venule", "vasculature"})
# h: human; m: mouse; t: tumour; b: blood; n: normal tissue; a: adaptive, activated; d: degenerative; c: cycling;
# i: immature; q: quiescent; u: uterine.
_STATE_PREFIX = re.compile(r"(?<![A-Za-z])[hmtbnadciqu](?:[A-Z][A-Za-z]*(?:[48]T)?|[cmp]DC)\d*(?![a-z])")
_TOKEN = re.compile(r"[A-Za-z]{4,}")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_JOINED = re.compile(r"(?<![A-Za-z])(?=([A-Za-z]+)[-_]([A-Za-z]+\d*)(?![A-Za-z]))")


def without_cell(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words except the word cell; of a repeated word the last occurrence is used."""
    other_words = [word for word in words if word != "cell"]
    return tuple(dict.fromkeys(other_words[::-1]))[::-1] or ("cell",)


def expand(label: str, tissue: str = "") -> str:
    """Return the words of a label with abbreviations expanded; tissue and other words decide between expansions.

    Examples
    --------
    >>> expand("PC", "kidney"), expand("PC")
    ('renal principal cell', 'plasma cell')
    """
    words = _split_compounds(label, _join_hyphenated(label, standard_spelling(label).split(), tissue))
    with_state = {singular(word.lower()) for word in _STATE_PREFIX.findall(label)}
    unnumbered = (word.rstrip("0123456789") for word in words)  # EC5_art: EC is context for art
    context = f"{tissue} {' '.join((*words, *unnumbered, *words_of(label)))}"
    return " ".join(word_expansion(word, context, has_state=word in with_state) or word for word in words)


def _split_compounds(label: str, words: list[str]) -> list[str]:
    """Return the words with compounds of two vocabulary words split: ``cycPT``, ``tMacCycl``."""
    humps = {token.lower(): [hump.lower() for hump in _HUMP.findall(token)] for token in _TOKEN.findall(label)}
    split: list[str] = []
    for word in words:
        *prefix, first, second = ["", "", *humps.get(word, [])]
        is_compound = _in_vocabulary(first) and _in_vocabulary(second) and len("".join(prefix)) < 2
        split += [first, second] if is_compound and not word_expansion(word) else [word]
    return split


def _in_vocabulary(part: str) -> bool:
    return len(part) > 1 and bool(word_expansion(part) or part in vocabulary("same") or part in vocabulary("state"))


def _join_hyphenated(label: str, words: list[str], tissue: str) -> list[str]:
    """Return the words with hyphenated abbreviations joined: ``C-TAL`` becomes cTAL."""
    hyphenated = [(first.lower(), second.lower()) for first, second in _JOINED.findall(label)]
    pairs = {pair for pair in hyphenated if word_expansion("".join(pair), tissue)}
    joined: list[str] = []
    for word in words:
        if joined and (joined[-1], word) in pairs:
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def is_searchable(part: str) -> bool:
    """Return whether a part of a label can be looked up on its own; most single letters cannot."""
    words = without_cell(words_of(part))
    return len(words) > 1 or len(words[0]) > 1 or words[0] in SHORT_HEADS or f"{words[0]} cell" in abbreviations()


def add_implied_noun(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words and the noun they imply: T for CD4 or CD8, monocyte for CD14 and CD16, endothelial for a vessel.

    Examples
    --------
    >>> add_implied_noun(("naive", "cd4+"))
    ('naive', 'cd4+', 't')
    """
    if {"cd4+", "cd8+"} & set(words) and not HAS_CD4_CD8 & set(words):
        return (*words, "t")
    markers = {word.strip("+¬") for word in words if word.startswith("cd")}
    if markers == {"cd14", "cd16"} and not HAS_CD4_CD8 & set(words):
        return (*words, "monocyte")
    is_vessel = words and words[-1] in VESSELS and not NON_ENDOTHELIAL & set(words)
    return (*words, "endothelial") if is_vessel else words
