"""What a label leaves open: words at home in several lineages, the species, CD4 or CD8."""

from collections.abc import Collection

import numpy as np

from spatialcore.annotation.ontology.head_noun import lineages, noun_of
from spatialcore.annotation.ontology.hierarchy import ancestors, depth, is_term
from spatialcore.annotation.ontology.phrasing import bare
from spatialcore.annotation.ontology.term_names import Names
from spatialcore.annotation.ontology.text import words_of

SPECIES = frozenset({"human", "mouse", "mmus", "primate", "homo", "sapiens"})
TELLS_CD4_CD8 = frozenset({"cd4+", "cd8+", "helper", "cytotoxic"})
# The share of terms of other lineages among those that share a label's words, above which the words decide nothing.
MOST_STRANGE = 1 / 3


def is_ambiguous(table: Names, words: tuple[str, ...], row: int) -> bool:
    """Say whether the words that a name shares with a label are as much at home in other lineages.

    ``Columnar`` may be an epithelium, a neuron or a chondrocyte; ``chandelier`` is always a neuron.
    """
    mine, term = set(words), table.ids[row]
    if noun_of(table.names[term]) in mine:
        return False
    shared = [table.scorer.column[word] for word in table.scorer.words[row] & mine if table.tells(word)]
    holding = np.flatnonzero(table.scorer.matrix[:, shared].sum(axis=1) == len(shared))
    known = [kin for other in {table.ids[at] for at in holding} if (kin := lineages(other))]
    strange = sum(not lineages(term) & kin for kin in known)
    return bool(lineages(term)) and strange > MOST_STRANGE * len(known)


def undecided(table: Names, term: str, words: Collection[str]) -> str:
    """Return a term without what the label leaves open: the species, and whether it is CD4 or CD8."""
    mine = set(bare(words_of(table.name_of(term))))
    if mine & SPECIES and not SPECIES & set(words) and (plain := table.by_set.get(frozenset(mine - SPECIES))):
        return plain
    for marker, other in (("cd4+", "cd8+"), ("cd8+", "cd4+")):
        twin = table.by_set.get(frozenset(mine - {marker} | {other})) if marker in mine else None
        if twin and not TELLS_CD4_CD8 & set(words) and is_term(term) and is_term(twin):
            shared = ancestors(term).keys() & ancestors(twin).keys()
            said = {kin: len(set(words_of(table.name_of(kin))) & set(words)) for kin in shared}
            return max(shared, key=lambda kin: (said[kin], depth(kin), kin))
    return term
