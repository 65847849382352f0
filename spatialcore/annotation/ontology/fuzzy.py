"""The last step of the matcher: the name that shares most words with a label, checked against the head of the label."""

from collections.abc import Collection

import numpy as np

from spatialcore.annotation.ontology.head_noun import contradicts, fits, head_of, lineages, noun_of
from spatialcore.annotation.ontology.hierarchy import is_term
from spatialcore.annotation.ontology.match import Match, MatchTier
from spatialcore.annotation.ontology.normalize import words_of
from spatialcore.annotation.ontology.phrasing import add_implied_noun, expand, without_cell
from spatialcore.annotation.ontology.relations import ancestors, depth
from spatialcore.annotation.ontology.term_names import TermNames
from spatialcore.annotation.ontology.tissue import drop_unstated_organ
from spatialcore.annotation.ontology.vocabulary import words as vocabulary

MIN_SCORE = 0.45
HIGH_SCORE = 0.6
# Reported scores are clipped to the documented range of these tiers.
MIN_REPORTED, MAX_REPORTED = 0.5, 0.85
SPECIES = frozenset({"human", "mouse", "mmus", "primate", "homo", "sapiens"})
IMPLIES_CD4_CD8 = frozenset({"cd4+", "cd8+", "helper", "cytotoxic"})
# Words are ambiguous if more than this share of the terms with these words belongs to other lineages.
MAX_OTHER_LINEAGES = 1 / 3


def comparison_words(label: str, tissue: str = "") -> tuple[str, ...]:
    """Return the words of a label that are compared with names."""
    return add_implied_noun(without_cell(words_of(expand(label, tissue))))


def fuzzy_match(
    names: TermNames, label: str, tissue: str = "", *, ancestor: str = "", min_headless_score: float = 0.0
) -> Match:
    """Return the term whose name shares most words with a label.

    Parameters
    ----------
    names
        The names of the index.
    label, tissue
        The label, and the tissue of the cells.
    ancestor
        The term of a part of the label; only its descendants are accepted.
    min_headless_score
        Minimum score for a label without a head.
    """
    words = comparison_words(label, tissue)
    if not any(names.is_informative(word) for word in words):
        return Match(label)
    head = head_of(words, names.heads)
    required = ancestor or (head[0] if head else "")
    for score, row in names.ranked(words, has_head=head is not None):
        if score < (HIGH_SCORE if ancestor else MIN_SCORE):
            break
        if not required and (score < min_headless_score or is_ambiguous(names, words, row)):
            break
        if not required and score < HIGH_SCORE and not _has_all_places(words, names.words_at(row)):
            continue
        is_possible = not required or fits(names.ids[row], required, strictly=bool(ancestor) or score < HIGH_SCORE)
        if is_possible and not contradicts(words, names.words_at(row)):
            term = _drop_unstated(names, names.ids[row], words, tissue, required)
            reported = min(max(score, MIN_REPORTED), MAX_REPORTED)
            tier: MatchTier = "tier2_token" if score > HIGH_SCORE else "tier3_overlap"
            return names.match(label, term, reported, tier) if term else Match(label)
    if head and not ancestor:
        return names.match(label, _with_cd4_cd8(names, head[0], words), MIN_REPORTED + 0.05 * head[1], "tier3_overlap")
    return Match(label)


def _has_all_places(label_words: tuple[str, ...], term_words: Collection[str]) -> bool:
    """Return whether a term has every place of a label: ``distal airway`` is not a cell of the distal tubule."""
    return {word for word in label_words if word in vocabulary("place")} <= set(term_words)


def _with_cd4_cd8(names: TermNames, head: str, words: tuple[str, ...]) -> str:
    """Return the CD4 or CD8 subtype of a term if the label has one of the two: ``CD8-GZMK`` is a CD8 T cell."""
    markers = {"cd4+", "cd8+"} & set(words)
    if len(markers) != 1:
        return head
    head_words = without_cell(words_of(names.name_of(head)))
    subtypes = [names.term_of((*markers, *extra, *head_words)) for extra in ((), ("alphabeta",))]
    return next((term for term in subtypes if term and fits(term, head, strictly=True)), head)


def _drop_unstated(names: TermNames, term: str, words: tuple[str, ...], tissue: str, required: str) -> str:
    """Return a term without organ, species, CD4 or CD8 that the label does not state; empty if no lineage remains."""
    general = drop_unstated_organ(term, {*words, *words_of(tissue)})
    if lineages(term) and not lineages(general):  # only the organ named the lineage, as in "granular cell"
        return ""
    is_possible = not required or fits(general, required, strictly=False)
    return drop_unstated_subtype(names, general if is_possible else term, words)


def is_ambiguous(names: TermNames, words: tuple[str, ...], row: int) -> bool:
    """Return whether the words that a name shares with a label are common in other lineages.

    ``Columnar`` may be an epithelial cell, a neuron or a chondrocyte; ``chandelier`` is always a neuron.
    """
    label_words, term = set(words), names.ids[row]
    if noun_of(names.names[term]) in label_words:
        return False
    scorer = names.scorer
    columns = [scorer.column[word] for word in scorer.words[row] & label_words if names.is_informative(word)]
    rows = np.flatnonzero(scorer.matrix[:, columns].sum(axis=1) == len(columns))
    term_lineages = [line for other in {names.ids[index] for index in rows} if (line := lineages(other))]
    n_other = sum(not lineages(term) & line for line in term_lineages)
    return bool(lineages(term)) and n_other > MAX_OTHER_LINEAGES * len(term_lineages)


def drop_unstated_subtype(names: TermNames, term: str, words: Collection[str]) -> str:
    """Return a term without the species, and without the choice of CD4 or CD8, that the label does not state."""
    term_words = set(without_cell(words_of(names.name_of(term))))
    if term_words & SPECIES and not SPECIES & set(words):
        general = names.by_set.get(frozenset(term_words - SPECIES))
        if general:
            return general
    for marker, opposite in (("cd4+", "cd8+"), ("cd8+", "cd4+")):
        if marker not in term_words or IMPLIES_CD4_CD8 & set(words) or not is_term(term):
            continue
        opposite_term = names.by_set.get(frozenset(term_words - {marker} | {opposite}))
        if opposite_term and is_term(opposite_term):
            common = ancestors(term).keys() & ancestors(opposite_term).keys()
            n_stated = {other: len(set(words_of(names.name_of(other))) & set(words)) for other in common}
            return max(common, key=lambda other: (n_stated[other], depth(other), other))
    return term
