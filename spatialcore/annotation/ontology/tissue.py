"""Tissue-specific subtypes: ``Goblet`` in the colon is a large intestine goblet cell.

Only labels without a noun are narrowed; ``goblet cell`` names the general type.
"""

from collections.abc import Collection
from functools import cache

from spatialcore.annotation.ontology.hierarchy import ROOT, hierarchy, is_term, name_of
from spatialcore.annotation.ontology.normalize import words_of
from spatialcore.annotation.ontology.relations import ancestors, descendants, is_a, lowest_common_ancestor
from spatialcore.annotation.ontology.vocabulary import words

# Other names of a tissue in the ontology, the nearest first.
ALIASES = {
    "lung": ("respiratory", "airway", "tracheobronchial"),
    "airway": ("respiratory", "lung", "tracheobronchial"),
    "colon": ("largeintestine", "intestine"),
    "rectum": ("largeintestine", "intestine"),
    "ileum": ("smallintestine", "intestine"),
    "jejunum": ("smallintestine", "intestine"),
    "duodenum": ("smallintestine", "intestine"),
    "kidney": ("nephron",),
    "skin": ("epidermis", "dermis"),
}
MAX_STEPS = 2
# Types that every organ has are not narrowed: endothelial, epithelial, muscle, stromal, mesothelial cell, leukocyte.
EPITHELIAL = "CL:0000066"
IN_EVERY_ORGAN = ("CL:0000115", EPITHELIAL, "CL:0000187", "CL:0000499", "CL:0000077", "CL:0000738")


def narrow_to_tissue(term: str, tissue: str) -> str:
    """Return the subtype of a term that differs from it only by the tissue; the term itself if there is none.

    Examples
    --------
    >>> name_of(narrow_to_tissue("CL:0000160", "colon"))
    'large intestine goblet cell'
    >>> name_of(narrow_to_tissue("CL:0000160", "brain"))
    'goblet cell'
    """
    if not is_term(term) or term in IN_EVERY_ORGAN:
        return term
    if any(is_a(term, kind) for kind in IN_EVERY_ORGAN if kind != EPITHELIAL):
        return term
    tissue_words = [word for word in words_of(tissue) if word not in words("state")]
    tissue_words += [alias for word in tissue_words for alias in ALIASES.get(word, ())]
    term_words = _name_words(term)
    candidates = []
    for child in descendants(term):
        steps, added = ancestors(child)[term], _name_words(child) - term_words
        has_term_words = term_words <= _name_words(child) | {"cell"}
        if steps <= MAX_STEPS and added and added <= set(tissue_words) and has_term_words:
            candidates.append((min(tissue_words.index(word) for word in added), steps, child))
    return min(candidates)[2] if candidates else term


def drop_unstated_organ(term: str, stated_words: Collection[str]) -> str:
    """Return the general type of a term whose organ is not stated; the term itself if there is no general type.

    Parameters
    ----------
    term
        A term matched by shared words.
    stated_words
        The words of the label and of the tissue.

    Examples
    --------
    >>> name_of(drop_unstated_organ("CL:0002570", {"mesenchymal", "stem"}))
    'mesenchymal stem cell'
    """
    if not is_term(term):
        return term
    term_words = _name_words(term)
    unstated = {word for word in term_words if word in words("place")} - set(stated_words)
    if not unstated or not term_words & set(stated_words):
        return term
    near = [ancestor for ancestor, steps in ancestors(term).items() if steps <= MAX_STEPS]
    general = [
        ancestor
        for ancestor in near
        if term_words & set(stated_words) <= _name_words(ancestor) <= term_words - unstated
    ]
    siblings = _terms_by_words_without_place()[frozenset(term_words - set(words("place")))]
    return general[0] if general else lowest_common_ancestor(siblings) if siblings else term


@cache
def _terms_by_words_without_place() -> dict[frozenset[str], list[str]]:
    terms: dict[frozenset[str], list[str]] = {}
    for term in hierarchy().names:
        if is_a(term, ROOT):
            terms.setdefault(frozenset(_name_words(term) - set(words("place"))), []).append(term)
    return terms


def _name_words(term: str) -> set[str]:
    return set(words_of(name_of(term))) - set(words("silent"))
