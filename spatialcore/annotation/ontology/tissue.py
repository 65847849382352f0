"""What a tissue makes of a bare adjective: ``Goblet`` in the colon is a large intestine goblet cell.

Only labels that leave the noun out are narrowed: who writes ``goblet cell`` named the general type.
"""

from spatialcore.annotation.ontology.hierarchy import ancestors, descendants, is_term, name_of
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


def narrowed(term: str, tissue: str) -> str:
    """Return the subtype of a term that differs from it by the tissue alone; the term itself where there is none.

    Examples
    --------
    >>> name_of(narrowed("CL:0000160", "colon"))
    'large intestine goblet cell'
    >>> name_of(narrowed("CL:0000160", "brain"))
    'goblet cell'
    """
    places = [word for word in words_of(tissue) if word not in words("state")]
    places += [alias for word in places for alias in ALIASES.get(word, ())]
    if not places or not is_term(term):
        return term
    own = _content(term)
    found = []
    for child in descendants(term):
        steps, extra = ancestors(child)[term], _content(child) - own
        if steps <= MAX_STEPS and extra and extra <= set(places) and own <= _content(child) | {"cell"}:
            found.append((min(places.index(word) for word in extra), steps, child))
    return min(found)[2] if found else term


def _content(term: str) -> set[str]:
    return set(words_of(name_of(term))) - set(words("silent"))
