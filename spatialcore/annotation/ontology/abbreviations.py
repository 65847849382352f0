"""Expansions of the abbreviations in labels, by tissue where the meaning depends on it.

``data/ontology_mappings/abbreviations.tsv`` has three columns: abbreviation, tissue words (empty: any tissue),
expansion. One of the tissue words must occur in the given tissue. These expansions take precedence over synonyms of
the ontology with two or three letters, some of which are misleading (PC is Purkinje cell there, EC effector
chondrocyte).
"""

import re
from collections.abc import Iterable
from functools import cache

from spatialcore.annotation.ontology.vocabulary import read_rows

# Tissue words shared by several organs: kidney and brain both have a cortex.
AMBIGUOUS_TISSUE_WORDS = frozenset({"cortex", "cortical", "medulla"})
LINEAGE_LETTERS = ("t", "b")
_NUMBERED = re.compile(r"^(?:([a-z]{2,})\d{1,2}|([a-z]{3,})\d{1,2}[a-z])$")


@cache
def abbreviations() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """Return (tissue words, expansion) pairs by abbreviation; pairs with tissue words come first."""
    table: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for abbreviation, tissue, expanded in read_rows("abbreviations.tsv"):
        table.setdefault(abbreviation, []).append((tuple(tissue.split()), expanded))
    return {abbreviation: sorted(pairs, key=lambda pair: not pair[0]) for abbreviation, pairs in table.items()}


@cache
def label_expansions() -> dict[str, str]:
    """Return the expansions of whole labels (``alpha cell``) that hold in any tissue."""
    return {
        abbreviation: expanded
        for abbreviation in abbreviations()
        if abbreviation.endswith(" cell") and (expanded := expansion(abbreviation))
    }


@cache
def label_word_sets() -> dict[frozenset[str], str]:
    """Return the whole labels of several words in the table, without the word cell, by their set of words."""
    labels = (text.removesuffix(" cell") for text in abbreviations() if text.endswith(" cell"))
    return {frozenset(label.split()): label for label in labels if " " in label}


def expansion(word: str, tissue: str = "") -> str | None:
    """Return the expansion of an abbreviation in a tissue, or None.

    Examples
    --------
    >>> expansion("pc", "kidney"), expansion("pc")
    ('renal principal cell', 'plasma cell')
    """
    context = tissue.lower()
    candidates = [
        (tissue_words, expanded)
        for tissue_words, expanded in abbreviations().get(word, [])
        if not tissue_words or _matching(tissue_words, context)
    ]
    unambiguous = (
        expanded
        for tissue_words, expanded in candidates
        if not tissue_words or _matching(tissue_words, context) - AMBIGUOUS_TISSUE_WORDS
    )
    return next(unambiguous, candidates[0][1] if candidates else None)


def _matching(tissue_words: Iterable[str], context: str) -> set[str]:
    context_words = context.split()
    return {word for word in tissue_words if (word in context if len(word) > 3 else word in context_words)}


def word_expansion(word: str, context: str = "", *, has_state: bool = False) -> str | None:
    """Return the expansion of a word with an optional cluster number and an optional letter for species or state.

    Parameters
    ----------
    word
        A word of a label, lower case.
    context
        Words of the tissue and of the label.
    has_state
        Whether the first letter stands for a species or a state.

    Examples
    --------
    >>> word_expansion("lec3"), word_expansion("htreg", has_state=True), word_expansion("tt1", has_state=True)
    ('lymphatic endothelial cell', 'regulatory T cell', 't')
    >>> word_expansion("bone") is None
    True
    """
    unnumbered = _NUMBERED.sub(r"\1\2", word)
    expanded = expansion(word, context) or expansion(unnumbered, context)
    if not has_state or (expanded and len(unnumbered) > 2):  # tN is a tumour neutrophil, not a naive T cell
        return expanded
    stems = (word[1:], unnumbered[1:], unnumbered[1:].rstrip("0123456789"))
    stem_expansion = next((text for stem in stems if (text := expansion(stem, context))), None)
    return stem_expansion or (stems[2] if stems[2] in LINEAGE_LETTERS else stems[1] if len(stems[1]) > 3 else None)
