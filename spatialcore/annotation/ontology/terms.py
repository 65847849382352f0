"""The terms of the Cell Ontology: their names, parents, and what became of retired ones."""

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from spatialcore.errors import InputError

ROOT = "CL:0000000"


@dataclass(frozen=True)
class Hierarchy:
    """Names, parents and retired ids of the Cell Ontology."""

    version: str
    names: dict[str, str]
    parents: dict[str, list[str]]
    replaced_by: dict[str, str]
    obsolete: frozenset[str]

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """Return the terms one step below each term."""
        below: dict[str, list[str]] = {term: [] for term in self.names}
        for term, parents in self.parents.items():
            for parent in parents:
                below[parent].append(term)
        return below


@cache
def hierarchy() -> Hierarchy:
    """Return the shipped graph; it is read once per process."""
    text = files("spatialcore.data").joinpath("ontology_mappings/cl_hierarchy.json").read_text(encoding="utf-8")
    content = json.loads(text)
    content["obsolete"] = frozenset(content["obsolete"])
    return Hierarchy(**content)


def is_term(term: str) -> bool:
    """Say whether this is the id of a live Cell Ontology term."""
    return term in hierarchy().names


def current_id(term: str) -> str | None:
    """Return the live id of a term: itself, its replacement if it was retired, None if there is neither.

    Parameters
    ----------
    term
        A Cell Ontology id, such as ``CL:0000624``.
    """
    graph = hierarchy()
    return term if term in graph.names else graph.replaced_by.get(term)


def name_of(term: str) -> str:
    """Return the ontology's name of a live term.

    Raises
    ------
    InputError
        The id is not a live term.
    """
    return hierarchy().names[known(term)]


def known(term: str) -> str:
    """Return the id of a live term, or say what is wrong with it."""
    if term in hierarchy().names:
        return term
    successor = hierarchy().replaced_by.get(term)
    hint = f"it was replaced by {successor}" if successor else "look ids up at https://www.ebi.ac.uk/ols/ontologies/cl"
    raise InputError(f"{term!r} is not a live Cell Ontology term ({hierarchy().version})", hint=hint)
