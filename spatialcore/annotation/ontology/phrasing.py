"""The words of a label as they are compared: short forms spelled out, implied words added."""

import re
from collections.abc import Iterable

from spatialcore.annotation.ontology.abbreviations import abbreviations, reading_of
from spatialcore.annotation.ontology.head_noun import SHORT_HEADS
from spatialcore.annotation.ontology.text import singular, spelled, words_of
from spatialcore.annotation.ontology.vocabulary import words as vocabulary

# Words beside which CD4 and CD8 do not mean a T cell.
HAS_CD4_CD8 = frozenset(
    ["t", "b", "nk", "dendritic", "monocyte", "macrophage", "thymocyte", "microglial", "myeloid", "granulocyte"]
)
# Cells of a vessel that are no endothelium of it
AROUND_VESSELS = frozenset(
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
# h, m: human, mouse; t, b, n: of tumour, blood, normal tissue; a: adaptive, activated; d: degenerative; c: cycling;
# i: immature; q: quiescent; u: of the womb.
_STATE_IN_FRONT = re.compile(r"(?<![A-Za-z])[hmtbnadciqu](?:[A-Z][A-Za-z]*(?:[48]T)?|[cmp]DC)\d*(?![a-z])")
_TOKEN = re.compile(r"[A-Za-z]{4,}")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_JOINED = re.compile(r"(?<![A-Za-z])(?=([A-Za-z]+)[-_]([A-Za-z]+\d*)(?![A-Za-z]))")


def bare(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words without the word cell, doubled words once, where they stand last."""
    kept = [word for word in words if word != "cell"]
    return tuple(dict.fromkeys(kept[::-1]))[::-1] or ("cell",)


def expand(label: str, tissue: str = "") -> str:
    """Return a label's words with the short forms spelled out, each in the light of the tissue and of the others."""
    words = _parted(label, _with_joined(label, spelled(label).split(), tissue))
    marked = {singular(word.lower()) for word in _STATE_IN_FRONT.findall(label)}
    numberless = (word.rstrip("0123456789") for word in words)  # EC5_art: of an EC
    context = f"{tissue} {' '.join((*words, *numberless, *words_of(label)))}"
    return " ".join(reading_of(word, context, has_state=word in marked) or word for word in words)


def _parted(label: str, words: list[str]) -> list[str]:
    """Return the words, those made of several known ones as these: ``cycPT``, ``tMacCycl``."""
    humps = {token.lower(): [hump.lower() for hump in _HUMP.findall(token)] for token in _TOKEN.findall(label)}
    found: list[str] = []
    for word in words:
        *state, one, other = ["", "", *humps.get(word, [])]
        is_made_of = _is_known(one) and _is_known(other) and len("".join(state)) < 2
        found += [one, other] if is_made_of and not reading_of(word) else [word]
    return found


def _is_known(part: str) -> bool:
    return len(part) > 1 and bool(reading_of(part) or part in vocabulary("same") or part in vocabulary("state"))


def _with_joined(label: str, words: list[str], tissue: str) -> list[str]:
    """Return the words, those that are a short form with a hyphen in it as one: ``C-TAL`` is cTAL."""
    joined = [(one.lower(), other.lower()) for one, other in _JOINED.findall(label)]
    pairs = {pair for pair in joined if reading_of("".join(pair), tissue)}
    found: list[str] = []
    for word in words:
        if found and (found[-1], word) in pairs:
            found[-1] += word
        else:
            found.append(word)
    return found


def is_telling(form: str) -> bool:
    """Say whether a part of a label may be looked up by itself: a letter alone is none, save T and B."""
    words = bare(words_of(form))
    return len(words) > 1 or len(words[0]) > 1 or words[0] in SHORT_HEADS or f"{words[0]} cell" in abbreviations()


def with_implied(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words and the noun they imply: T by CD4 or CD8, monocyte by CD14 and CD16, endothelial by a vessel."""
    if {"cd4+", "cd8+"} & set(words) and not HAS_CD4_CD8 & set(words):
        return (*words, "t")
    markers = {word.strip("+¬") for word in words if word.startswith("cd")}
    if markers == {"cd14", "cd16"} and not HAS_CD4_CD8 & set(words):
        return (*words, "monocyte")
    is_vessel = words and words[-1] in VESSELS and not AROUND_VESSELS & set(words)
    return (*words, "endothelial") if is_vessel else words
