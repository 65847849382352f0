"""Genes and antigens that make a subset of a type: an NK cell with CD16, a dendritic cell with CLEC9A.

The table is ``data/ontology_mappings/subsets.tsv``: types, a marker, and what the types are with it. A marker with
``¬`` behind it is one that the cells lack. It is used where the type was found without its markers, never against a
curator.
"""

from functools import cache

from spatialcore.annotation.ontology.hierarchy import is_term
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.phrasing import bare
from spatialcore.annotation.ontology.tables import read_rows
from spatialcore.annotation.ontology.term_names import Names
from spatialcore.annotation.ontology.text import spelled, words_of


@cache
def subsets() -> dict[tuple[str, str], str]:
    """Return the name of a subset by the name of its type and a marker."""
    return {(name, marker): reads for types, marker, reads in read_rows("subsets.tsv") for name in types.split("; ")}


def subset(table: Names, match: Match) -> Match:
    """Return a match with the subset that its label's markers make; as it is where they make none, or two.

    Parameters
    ----------
    table
        The names.
    match
        What the label was found to be, its markers apart.
    """
    if not match.id or not is_term(match.id):
        return match
    markers = {word.strip("+") for word in spelled(match.label).split()}
    names = {reads for marker in markers if (reads := subsets().get((match.name, marker)))}
    found = {term for name in names if (term := table.term_of(bare(words_of(name))))}
    return table.found(match.label, found.pop(), match.score, match.tier) if len(found) == 1 else match
