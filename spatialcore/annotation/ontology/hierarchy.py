"""The is_a graph of the Cell Ontology: who descends from whom, and how far two types are apart."""

from collections.abc import Iterable
from functools import cache

from spatialcore.annotation.ontology.terms import ROOT, Hierarchy, current_id, hierarchy, is_term, known, name_of
from spatialcore.errors import InputError

__all__ = [
    "ROOT",
    "Hierarchy",
    "ancestors",
    "current_id",
    "depth",
    "descendants",
    "distance",
    "hierarchy",
    "is_a",
    "is_term",
    "lowest_common_ancestor",
    "name_of",
    "on_one_line",
]


@cache
def _steps_up(term: str) -> dict[str, int]:
    """Return every ancestor, the term itself among them, with the fewest is_a steps to it."""
    steps, frontier = {known(term): 0}, [term]
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
    frontier = [known(term)]
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
    return known(ancestor) in _steps_up(term)


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
