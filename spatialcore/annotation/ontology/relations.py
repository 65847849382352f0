"""Relations between terms of the Cell Ontology: ancestors, descendants, distances, common ancestors."""

from collections.abc import Iterable
from functools import cache

from spatialcore.annotation.ontology.hierarchy import hierarchy, name_of, require_term
from spatialcore.errors import InputError

# Terms of the taxonomies of one species; a label that only means such a term by a synonym may be of any.
SPECIES_SUFFIXES = ("(Mmus)", "(Homo sapiens)", "(Primate)")


@cache
def _steps_up(term: str) -> dict[str, int]:
    """Return the ancestors of a term, itself included, with the fewest is_a steps to each."""
    steps, frontier = {require_term(term): 0}, [term]
    while frontier:
        next_frontier = []
        for child in frontier:
            for parent in hierarchy().parents[child]:
                if parent not in steps:
                    steps[parent] = steps[child] + 1
                    next_frontier.append(parent)
        frontier = next_frontier
    return steps


def ancestors(term: str) -> dict[str, int]:
    """Return the proper ancestors of a term with their distance in is_a steps, nearest first.

    Parameters
    ----------
    term
        Cell Ontology id, such as ``CL:0000084``.

    Returns
    -------
    dict of str to int
        Id of each proper ancestor -> number of is_a steps, nearest first.

    Examples
    --------
    >>> list(ancestors("CL:0000624"))[0]
    'CL:0000791'
    """
    proper = [(steps, ancestor) for ancestor, steps in _steps_up(term).items() if ancestor != term]
    return {ancestor: steps for steps, ancestor in sorted(proper)}


@cache
def descendants(term: str) -> frozenset[str]:
    """Return the proper descendants of a term.

    Examples
    --------
    >>> "CL:0000624" in descendants("CL:0000084")
    True
    """
    below: set[str] = set()
    frontier = [require_term(term)]
    while frontier:
        for child in hierarchy().children[frontier.pop()]:
            if child not in below:
                below.add(child)
                frontier.append(child)
    return frozenset(below)


def is_a(term: str, ancestor: str) -> bool:
    """Return whether a term is the other one or descends from it.

    Parameters
    ----------
    term
        Cell Ontology id, such as ``CL:0000084``.
    ancestor
        Cell Ontology id of the other term.

    Returns
    -------
    bool
        True also for a term itself.

    Examples
    --------
    >>> is_a("CL:0000624", "CL:0000084")
    True
    """
    return require_term(ancestor) in _steps_up(term)


def on_one_line(term: str, other: str) -> bool:
    """Return whether two terms are the same or one descends from the other."""
    return is_a(term, other) or is_a(other, term)


def distance(term: str, other: str) -> int:
    """Return the number of is_a steps on the shortest path between two terms through a common ancestor.

    Parameters
    ----------
    term, other
        Cell Ontology ids.

    Returns
    -------
    int
        Number of is_a steps.

    Raises
    ------
    InputError
        The terms have no common ancestor.

    Examples
    --------
    >>> distance("CL:0000624", "CL:0000625")
    2
    """
    one, two = _steps_up(term), _steps_up(other)
    _common([one, two])
    return min(steps + two[ancestor] for ancestor, steps in one.items() if ancestor in two)


@cache
def depth(term: str) -> int:
    """Return the number of proper ancestors of a term, a measure of how specific it is.

    Examples
    --------
    >>> depth("CL:0000000"), depth("CL:0000624") > depth("CL:0000084")
    (0, True)
    """
    return len(_steps_up(term)) - 1


def lowest_common_ancestor(terms: Iterable[str]) -> str:
    """Return the most specific common ancestor of terms; a term counts as its own ancestor.

    Ties in depth are resolved by the smaller distance to the terms, then by the smaller id.

    Parameters
    ----------
    terms
        One or more live ids.

    Returns
    -------
    str
        Cell Ontology id.

    Raises
    ------
    InputError
        The list is empty, an id is not a live term, or the terms have no common ancestor (CL has a few terms for
        parts of cells).

    Examples
    --------
    >>> lowest_common_ancestor(["CL:0000624", "CL:0000625"])
    'CL:0000791'
    """
    steps_of_terms = [_steps_up(term) for term in terms]
    if not steps_of_terms:
        raise InputError("lowest_common_ancestor got no terms", hint="pass at least one CL id")
    return min(
        _common(steps_of_terms),
        key=lambda term: (-depth(term), sum(steps[term] for steps in steps_of_terms), term),
    )


def _common(steps_of_terms: list[dict[str, int]]) -> set[str]:
    common = set(steps_of_terms[0]).intersection(*steps_of_terms[1:])
    if not common:
        raise InputError("the terms have no common ancestor", hint="one of them is a part of a cell, not a cell type")
    return common


def without_species(term: str) -> str:
    """Return the nearest ancestor that is not confined to one species (``... (Mmus)``); other terms are unchanged.

    Examples
    --------
    >>> without_species("CL:4300367")
    'CL:0000128'
    """
    confined = [name_of(one).endswith(SPECIES_SUFFIXES) for one in (term, *ancestors(term))]
    return next(one for one, is_confined in zip((term, *ancestors(term)), confined, strict=True) if not is_confined)
