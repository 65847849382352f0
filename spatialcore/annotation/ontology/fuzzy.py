"""The last way from a label to a term: the name that shares most of its words, held against the label's head."""

from collections.abc import Collection

from spatialcore.annotation.ontology.head_noun import contradict, fits, head_of, lineages
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.phrasing import bare, expand, with_implied
from spatialcore.annotation.ontology.term_names import Names
from spatialcore.annotation.ontology.text import words_of
from spatialcore.annotation.ontology.tissue import widened
from spatialcore.annotation.ontology.undecided import is_ambiguous, undecided
from spatialcore.annotation.ontology.vocabulary import words as vocabulary

LEAST_SCORE = 0.45
SURE_SCORE = 0.6
# Scores are shown in the range documented for these tiers.
LEAST_SHOWN, MOST_SHOWN = 0.5, 0.85


def telling_words(label: str, tissue: str = "") -> tuple[str, ...]:
    """Return the words of a label as they are compared with names."""
    return with_implied(bare(words_of(expand(label, tissue))))


def guess(table: Names, label: str, tissue: str = "", *, below: str = "", rival: float = 0.0) -> Match:
    """Return the term whose name is nearest to a label by words.

    Parameters
    ----------
    table
        The names.
    label, tissue
        What the author wrote, and where the cells come from.
    below
        A term that part of the label is known to mean: only what is below it is an answer.
    rival
        The score of another answer, which wins where the label has no head and no name is nearer than that.
    """
    words = telling_words(label, tissue)
    if not any(table.tells(word) for word in words):
        return Match(label)
    head = head_of(words, table.heads)
    noun = below or (head[0] if head else "")
    for score, row in table.ranked(words, has_head=head is not None):
        if score < (SURE_SCORE if below else LEAST_SCORE):
            break
        if not noun and (score < rival or is_ambiguous(table, words, row)):
            break
        if not noun and score < SURE_SCORE and not _is_of_the_place(words, table.words_at(row)):
            continue
        fitting = not noun or fits(table.ids[row], noun, strictly=bool(below) or score < SURE_SCORE)
        if fitting and not contradict(words, table.words_at(row)):
            term = _settled(table, table.ids[row], words, tissue, noun)
            tier = "tier2_token" if score > SURE_SCORE else "tier3_overlap"
            shown = min(max(score, LEAST_SHOWN), MOST_SHOWN)
            return table.found(label, term, shown, tier) if term else Match(label)
    if head and not below:
        return table.found(label, _signed(table, head[0], words), LEAST_SHOWN + 0.05 * head[1], "tier3_overlap")
    return Match(label)


def _is_of_the_place(label: tuple[str, ...], term: Collection[str]) -> bool:
    """Say whether a term has every place of a label: a ``distal airway`` is nothing of the distal tubule."""
    return {word for word in label if word in vocabulary("place")} <= set(term)


def _signed(table: Names, head: str, words: tuple[str, ...]) -> str:
    """Return the CD4 or CD8 cell of a kind where the label says that it is one: ``CD8-GZMK`` is more than a T cell."""
    markers = {"cd4+", "cd8+"} & set(words)
    kind = bare(words_of(table.name_of(head)))
    known = [table.term_of((*markers, *also, *kind)) for also in ((), ("alphabeta",))] if len(markers) == 1 else []
    return next((term for term in known if term and fits(term, head, strictly=True)), head)


def _settled(table: Names, term: str, words: tuple[str, ...], tissue: str, noun: str) -> str:
    """Return a term without what the label does not say: the organ, CD4 or CD8; empty where nothing is left."""
    wider = widened(term, {*words, *words_of(tissue)})
    if lineages(term) and not lineages(wider):  # the organ alone would have told: granular cells of what?
        return ""
    return undecided(table, wider if not noun or fits(wider, noun, strictly=False) else term, words)
