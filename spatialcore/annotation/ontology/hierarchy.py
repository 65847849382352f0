"""The Cell Ontology graph: terms, names, is_a relations, replacements of obsolete ids."""

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from spatialcore.errors import InputError

ROOT = "CL:0000000"
# Subtypes that a panel of a few hundred genes cannot resolve -> an ancestor. CL has "brush cell" as a synonym of tuft
# cell.
PANEL_TERMS = {
    "CL:0000990": "CL:0000451",  # conventional dendritic cell, no subtype given -> dendritic cell
    "CL:0019032": "CL:0002204",  # intestinal tuft cell -> tuft cell
}


@dataclass(frozen=True)
class Hierarchy:
    """The Cell Ontology graph.

    Attributes
    ----------
    version
        Release of the ontology.
    names
        Names of the live terms by id.
    parents
        Direct is_a parents of the live terms.
    replaced_by
        Live replacements of obsolete ids.
    obsolete
        Obsolete ids without a replacement.
    """

    version: str
    names: dict[str, str]
    parents: dict[str, list[str]]
    replaced_by: dict[str, str]
    obsolete: frozenset[str]

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """Return the direct children of each term."""
        children: dict[str, list[str]] = {term: [] for term in self.names}
        for term, parents in self.parents.items():
            for parent in parents:
                children[parent].append(term)
        return children


@cache
def hierarchy() -> Hierarchy:
    """Return the graph shipped with the package; it is read once per process."""
    text = files("spatialcore.data").joinpath("ontology_mappings/cl_hierarchy.json").read_text(encoding="utf-8")
    content = json.loads(text)
    content["obsolete"] = frozenset(content["obsolete"])
    return Hierarchy(**content)


def is_term(term: str) -> bool:
    """Return whether a text is the id of a live Cell Ontology term.

    Parameters
    ----------
    term
        Any text.

    Returns
    -------
    bool
        False for obsolete ids.

    Examples
    --------
    >>> is_term("CL:0000624"), is_term("CL:9999999")
    (True, False)
    """
    return term in hierarchy().names


def current_id(term: str) -> str | None:
    """Return the live id of a term: the id itself, the replacement of an obsolete id, or None.

    Parameters
    ----------
    term
        A Cell Ontology id, such as ``CL:0000624``.

    Returns
    -------
    str or None
        The live id; None for an unknown id.

    Examples
    --------
    >>> current_id("CL:0000624"), current_id("CL:0000003")
    ('CL:0000624', 'CL:0000000')
    """
    graph = hierarchy()
    return term if term in graph.names else graph.replaced_by.get(term)


def label_of(name: str, term: str) -> str:
    """Return the name of a class's term; ``name`` where the ontology lacks the id, and an empty text without an id.

    Examples
    --------
    >>> label_of("B", "CL:0000236"), label_of("B", "")
    ('B cell', '')
    """
    if not term:
        return ""
    return name_of(term) if is_term(term) else name


def name_of(term: str) -> str:
    """Return the name of a live term.

    Parameters
    ----------
    term
        Cell Ontology id, such as ``CL:0000084``.

    Returns
    -------
    str
        Name in the Cell Ontology, such as ``B cell``.

    Raises
    ------
    InputError
        The id is not a live term.

    Examples
    --------
    >>> name_of("CL:0000235")
    'macrophage'
    """
    return hierarchy().names[require_term(term)]


def require_term(term: str) -> str:
    """Return the id of a live term; raise `InputError` for other ids."""
    if term in hierarchy().names:
        return term
    replacement = hierarchy().replaced_by.get(term)
    hint = (
        f"it was replaced by {replacement}" if replacement else "look ids up at https://www.ebi.ac.uk/ols/ontologies/cl"
    )
    raise InputError(f"{term!r} is not a live Cell Ontology term ({hierarchy().version})", hint=hint)


def coarsen(term: str) -> str:
    """Return the ancestor to train on for a term that panels cannot resolve; other terms are returned unchanged.

    Parameters
    ----------
    term
        Cell Ontology id, such as ``CL:0000084``.

    Returns
    -------
    str
        Cell Ontology id.

    Examples
    --------
    >>> coarsen("CL:0000990")
    'CL:0000451'
    """
    return PANEL_TERMS.get(term, term)
