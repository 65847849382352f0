"""The head of a label: the words that name the type of the cell; the other words name the subtype.

``FB-like EC 3`` is an endothelial cell, ``Monocyte-derived Mph`` a macrophage. A term of another lineage than the head
is rejected, however many words it shares with the label.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache

from spatialcore.annotation.ontology.hierarchy import is_term
from spatialcore.annotation.ontology.normalize import words_of
from spatialcore.annotation.ontology.relations import is_a

MAX_HEAD_WORDS = 5
SHORT_HEADS = frozenset({"t", "b", "nk"})
_AFTER_NOUN = re.compile(r"\s+(?:of|in|from|with|derived)\s|,|\(")
# Stages are not heads: ``ILC precursor`` is nearer to an innate lymphoid cell than to any precursor.
STAGES = frozenset(["progenitor", "stem", "blast", "multipotent", "secretory", "resident", "motile", "supporting"])
LINEAGES = (
    "CL:0000084", "CL:0000945", "CL:0001065", "CL:0000766", "CL:0000764", "CL:0000556", "CL:0000115", "CL:0000066",
    "CL:0000540", "CL:0000125", "CL:0000187", "CL:0002320", "CL:0000586",
)  # fmt: skip
# Words in front of these are not the head.
NON_HEAD_SUFFIXES = frozenset(
    [
        *("derived", "like", "associated", "conditioned", "infiltrating", "interacting"),
        *("specific", "poor", "rich", "stimulated", "zone", "reentry"),
    ]
)


def head_of(words: Sequence[str], names: Mapping[tuple[str, ...], str]) -> tuple[str, int] | None:
    """Return the term of the last run of words that is a name, and the length of the run.

    A run in front of one of `NON_HEAD_SUFFIXES` is used only if there is no other: the head of ``FB-like EC`` is EC,
    that of ``NKT-like`` is NKT.

    Parameters
    ----------
    words
        The words of a label in their order, abbreviations expanded, without the word cell.
    names
        Terms by the words of their names.
    """
    fallback = None
    end = len(words)
    while end:
        start = _start_of_run(words, end, names)
        if start is None:
            end -= 1
            continue
        head = names[tuple(words[start:end])], end - start
        if end == len(words) or words[end] not in NON_HEAD_SUFFIXES:
            return head
        fallback = fallback or head
        end = start
    return fallback


def _start_of_run(words: Sequence[str], end: int, names: Mapping[tuple[str, ...], str]) -> int | None:
    for start in range(max(0, end - MAX_HEAD_WORDS), end):
        run = tuple(words[start:end])
        if run in names and _may_be_head(run) and words[max(start - 1, 0)] != "type":
            return start
    return None


def _may_be_head(run: tuple[str, ...]) -> bool:
    if len(run) > 1:
        return run[-1] not in NON_HEAD_SUFFIXES
    return run[0] in SHORT_HEADS or (len(run[0]) > 3 and run[0].isalpha() and run[0] not in NON_HEAD_SUFFIXES | STAGES)


@cache
def lineages(term: str) -> frozenset[str]:
    """Return the lineages in `LINEAGES` that a term belongs to; empty for a term that only a custom index has."""
    return frozenset(lineage for lineage in LINEAGES if is_a(term, lineage)) if is_term(term) else frozenset()


def fits(term: str, head: str, *, strictly: bool) -> bool:
    """Return whether a term is possible for a label with this head.

    Parameters
    ----------
    term
        The candidate term.
    head
        The term of the label's head.
    strictly
        Require the head itself or a descendant. Otherwise a term of the same lineage that is not an ancestor fits too.
    """
    if not is_term(term) or not is_term(head):  # a custom index has no lineages
        return not strictly
    if strictly or is_a(term, head) or is_a(head, term):
        return is_a(term, head)
    term_lineages, head_lineages = lineages(term), lineages(head)
    return not term_lineages or not head_lineages or bool(term_lineages & head_lineages)


def noun_of(name: str) -> str:
    """Return the noun of a term's name: that of ``stellate neuron`` is neuron.

    Examples
    --------
    >>> noun_of("stellate neuron"), noun_of("epithelial cell of pancreas"), noun_of("mast cell")
    ('neuron', 'epithelial', 'mast')
    """
    core = _AFTER_NOUN.split(name.lower())[0]
    core_words = [word for word in words_of(core) if word != "cell"]
    return core_words[-1] if core_words else "cell"


# Mutually exclusive words: a label with one of a pair cannot have a term with the other.
EXCLUSIVE = (
    frozenset({"cd4+", "cd8+"}), frozenset({"alphabeta", "gammadelta"}), frozenset({"glutamatergic", "gabaergic"}),
    frozenset({"artery", "vein"}), frozenset({"naive", "memory"}), frozenset({"cd4+", "cd4¬"}),
    frozenset({"cd8+", "cd8¬"}), frozenset({"cd16+", "cd16¬"}),
    frozenset({"cytotoxic", "cd4+"}), frozenset({"helper", "cd8+"}),
)  # fmt: skip


def contradicts(label_words: Collection[str], term_words: Collection[str]) -> bool:
    """Return whether a term has a word that excludes a word of the label, and lacks the label's word.

    Examples
    --------
    >>> contradicts({"cd4+", "t"}, {"cd8+", "t"}), contradicts({"cd4+", "t"}, {"cd4+", "memory", "t"})
    (True, False)
    """
    label, term = set(label_words), set(term_words)
    return any(bool(label & pair) and bool(term & pair) and not label & term & pair for pair in EXCLUSIVE)
