"""What a tissue makes of a bare adjective: ``Goblet`` in the colon is a large intestine goblet cell.

Only labels that leave the noun out are narrowed: who writes ``goblet cell`` named the general type.
"""

from collections.abc import Collection
from functools import cache

from spatialcore.annotation.ontology.hierarchy import (
    ROOT,
    ancestors,
    descendants,
    hierarchy,
    is_a,
    is_term,
    lowest_common_ancestor,
    name_of,
)
from spatialcore.annotation.ontology.text import words_of
from spatialcore.annotation.ontology.vocabulary import words

# A tissue's other names in the ontology, the nearest first.
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
# What every organ has: everyone's "Endothelial" is an endothelial cell, whichever organ it came from. Endothelial,
# epithelial, muscle, stromal, mesothelial cell, leukocyte.
EPITHELIAL = "CL:0000066"
EVERYWHERE = ("CL:0000115", EPITHELIAL, "CL:0000187", "CL:0000499", "CL:0000077", "CL:0000738")


def narrowed(term: str, tissue: str) -> str:
    """Return the subtype of a term that differs from it by the tissue alone; the term itself where there is none.

    Examples
    --------
    >>> name_of(narrowed("CL:0000160", "colon"))
    'large intestine goblet cell'
    >>> name_of(narrowed("CL:0000160", "brain"))
    'goblet cell'
    """
    if not is_term(term) or term in EVERYWHERE or any(is_a(term, kind) for kind in EVERYWHERE if kind != EPITHELIAL):
        return term
    places = [word for word in words_of(tissue) if word not in words("state")]
    places += [alias for word in places for alias in ALIASES.get(word, ())]
    own = _content(term)
    found = []
    for child in descendants(term):
        steps, extra = ancestors(child)[term], _content(child) - own
        if steps <= MAX_STEPS and extra and extra <= set(places) and own <= _content(child) | {"cell"}:
            found.append((min(places.index(word) for word in extra), steps, child))
    return min(found)[2] if found else term


def widened(term: str, said: Collection[str]) -> str:
    """Return what a term is a subtype of by an organ that nobody named; the term itself where there is no such thing.

    Parameters
    ----------
    term
        A term found by likeness.
    said
        The words of the label and of the tissue.

    Examples
    --------
    >>> name_of(widened("CL:0002570", {"mesenchymal", "stem"}))
    'mesenchymal stem cell'
    """
    if not is_term(term):
        return term
    own = _content(term)
    strange = {word for word in own if word in words("place")} - set(said)
    if not strange or not own & set(said):
        return term
    near = [other for other, steps in ancestors(term).items() if steps <= MAX_STEPS]
    wider = [other for other in near if own & set(said) <= _content(other) <= own - strange]
    kin = _by_content_without_place()[frozenset(own - set(words("place")))]
    return wider[0] if wider else lowest_common_ancestor(kin) if kin else term


@cache
def _by_content_without_place() -> dict[frozenset[str], list[str]]:
    found: dict[frozenset[str], list[str]] = {}
    for term in hierarchy().names:
        if is_a(term, ROOT):
            found.setdefault(frozenset(_content(term) - set(words("place"))), []).append(term)
    return found


def _content(term: str) -> set[str]:
    return set(words_of(name_of(term))) - set(words("silent"))
