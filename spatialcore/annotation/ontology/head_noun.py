"""The word of a label that says what the cell is; the rest says which.

``FB-like EC 3`` is an endothelial cell, ``Monocyte-derived Mph`` a macrophage. A term that is not on one line with the
head is a wrong answer however many words it shares with the label.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache

from spatialcore.annotation.ontology.hierarchy import is_a, is_term
from spatialcore.annotation.ontology.text import words_of

LONGEST = 5
SHORT_HEADS = frozenset({"t", "b", "nk"})
_BEHIND_NOUN = re.compile(r"\s+(?:of|in|from|with|derived)\s|,|\(")
# Stages, not cells: ``ILC precursor`` is nearer to an innate lymphoid cell than to any precursor.
STAGES = frozenset(["progenitor", "stem", "blast", "multipotent", "secretory", "resident", "motile", "supporting"])
LINEAGES = (
    "CL:0000084", "CL:0000945", "CL:0001065", "CL:0000766", "CL:0000764", "CL:0000556", "CL:0000115", "CL:0000066",
    "CL:0000540", "CL:0000125", "CL:0000187", "CL:0002320", "CL:0000586",
)  # fmt: skip
# After these words what stands in front of them is not what the cell is.
NOT_THE_CELL = frozenset(
    [
        *("derived", "like", "associated", "conditioned", "infiltrating", "interacting"),
        *("specific", "poor", "rich", "stimulated", "zone", "reentry"),
    ]
)


def head_of(words: Sequence[str], known: Mapping[tuple[str, ...], str]) -> tuple[str, int] | None:
    """Return the term of the last run of words that is a known name, and the run's length.

    A run before one of `NOT_THE_CELL` counts where there is no other: ``FB-like EC`` is an EC, ``NKT-like`` NKT.

    Parameters
    ----------
    words
        A label's words in their order, short forms spelled out, without the word cell.
    known
        Names by their words.
    """
    passed = None
    end = len(words)
    while end:
        start = _start_of_run(words, end, known)
        if start is None:
            end -= 1
            continue
        found = known[tuple(words[start:end])], end - start
        if end == len(words) or words[end] not in NOT_THE_CELL:
            return found
        passed = passed or found
        end = start
    return passed


def _start_of_run(words: Sequence[str], end: int, known: Mapping[tuple[str, ...], str]) -> int | None:
    for start in range(max(0, end - LONGEST), end):
        run = tuple(words[start:end])
        if run in known and _may_be_head(run) and words[max(start - 1, 0)] != "type":
            return start
    return None


def _may_be_head(run: tuple[str, ...]) -> bool:
    if len(run) > 1:
        return run[-1] not in NOT_THE_CELL
    return run[0] in SHORT_HEADS or (len(run[0]) > 3 and run[0].isalpha() and run[0] not in NOT_THE_CELL | STAGES)


@cache
def lineages(term: str) -> frozenset[str]:
    """Return which of the great lineages a term belongs to; none for a term that only an index of one's own has."""
    return frozenset(lineage for lineage in LINEAGES if is_a(term, lineage)) if is_term(term) else frozenset()


def fits(term: str, head: str, *, strictly: bool) -> bool:
    """Say whether a term can be what a label with this head means: of its lineage, not above it; strictly: below it."""
    if not is_term(term) or not is_term(head):  # of an index of one's own: nothing is known of its lineage
        return not strictly
    if strictly or is_a(term, head) or is_a(head, term):
        return is_a(term, head)
    mine, theirs = lineages(term), lineages(head)
    return not mine or not theirs or bool(mine & theirs)


def noun_of(name: str) -> str:
    """Return the word of a term's name that says what the cell is: ``stellate neuron`` is a neuron.

    Examples
    --------
    >>> noun_of("stellate neuron"), noun_of("epithelial cell of pancreas"), noun_of("mast cell")
    ('neuron', 'epithelial', 'mast')
    """
    core = _BEHIND_NOUN.split(name.lower())[0]
    found = [word for word in words_of(core) if word != "cell"]
    return found[-1] if found else "cell"


# Words of which a label and its term cannot have one each.
EXCLUSIVE = (
    frozenset({"cd4+", "cd8+"}), frozenset({"alphabeta", "gammadelta"}), frozenset({"glutamatergic", "gabaergic"}),
    frozenset({"artery", "vein"}), frozenset({"naive", "memory"}), frozenset({"cd4+", "cd4¬"}),
    frozenset({"cd8+", "cd8¬"}), frozenset({"cd16+", "cd16¬"}),
    frozenset({"cytotoxic", "cd4+"}), frozenset({"helper", "cd8+"}),
)  # fmt: skip


def contradict(label: Collection[str], term: Collection[str]) -> bool:
    """Say whether a term has the opposite of a word of the label, and not the word itself."""
    mine, theirs = set(label), set(term)
    return any(bool(mine & pair) and bool(theirs & pair) and not mine & theirs & pair for pair in EXCLUSIVE)
