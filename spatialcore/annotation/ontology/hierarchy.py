"""The is_a graph of the Cell Ontology: who descends from whom, and how far two types are apart."""

import json
from collections.abc import Iterable
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
    return hierarchy().names[_known(term)]


@cache
def _steps_up(term: str) -> dict[str, int]:
    """Return every ancestor, the term itself among them, with the fewest is_a steps to it."""
    steps, frontier = {_known(term): 0}, [term]
    while frontier:
        above = []
        for child in frontier:
            for parent in hierarchy().parents[child]:
                if parent not in steps:
                    steps[parent] = steps[child] + 1
                    above.append(parent)
        frontier = above
    return steps


def ancestors(term: str) -> dict[str, int]:
    """Return the proper ancestors of a term with their distance in is_a steps, nearest first.

    Examples
    --------
    >>> list(ancestors("CL:0000624"))[0]
    'CL:0000791'
    """
    above = [(steps, other) for other, steps in _steps_up(term).items() if other != term]
    return {other: steps for steps, other in sorted(above)}


@cache
def descendants(term: str) -> frozenset[str]:
    """Return the proper descendants of a term."""
    found: set[str] = set()
    frontier = [_known(term)]
    while frontier:
        for child in hierarchy().children[frontier.pop()]:
            if child not in found:
                found.add(child)
                frontier.append(child)
    return frozenset(found)


def is_a(term: str, ancestor: str) -> bool:
    """Say whether a term is the other or descends from it.

    Examples
    --------
    >>> is_a("CL:0000624", "CL:0000084")
    True
    """
    return _known(ancestor) in _steps_up(term)


def on_one_line(term: str, other: str) -> bool:
    """Say whether one of two terms descends from the other, or they are the same."""
    return is_a(term, other) or is_a(other, term)


def distance(term: str, other: str) -> int:
    """Return the fewest is_a steps between two terms, up to a common ancestor and down again.

    Examples
    --------
    >>> distance("CL:0000624", "CL:0000625")
    2
    """
    one, two = _steps_up(term), _steps_up(other)
    _shared([one, two])
    return min(steps + two[shared] for shared, steps in one.items() if shared in two)


@cache
def depth(term: str) -> int:
    """Return the number of proper ancestors: a measure of how specific a term is."""
    return len(_steps_up(term)) - 1


def lowest_common_ancestor(terms: Iterable[str]) -> str:
    """Return the most specific term that all of these are, or descend from.

    Where several are equally deep, the one nearest to the terms is taken, then the smallest id.

    Parameters
    ----------
    terms
        One or more live ids.

    Raises
    ------
    InputError
        No term was given, one is not live, or they have no ancestor in common (CL holds a few parts of cells).

    Examples
    --------
    >>> lowest_common_ancestor(["CL:0000624", "CL:0000625"])
    'CL:0000791'
    """
    upward = [_steps_up(term) for term in terms]
    if not upward:
        raise InputError("no terms were given to find the common ancestor of", hint="pass at least one CL id")
    return min(_shared(upward), key=lambda term: (-depth(term), sum(steps[term] for steps in upward), term))


def _shared(upward: list[dict[str, int]]) -> set[str]:
    shared = set(upward[0]).intersection(*upward[1:])
    if not shared:
        raise InputError("these terms have no common ancestor", hint="one of them is no cell but a part of one")
    return shared


def _known(term: str) -> str:
    if term in hierarchy().names:
        return term
    successor = hierarchy().replaced_by.get(term)
    hint = f"it was replaced by {successor}" if successor else "look ids up at https://www.ebi.ac.uk/ols/ontologies/cl"
    raise InputError(f"{term!r} is not a live Cell Ontology term ({hierarchy().version})", hint=hint)
