"""What the short forms in labels stand for, tissue by tissue where it matters.

The table is ``data/ontology_mappings/abbreviations.tsv``: short form, words that name the tissue (one of them must be
found in the caller's tissue; none given: anywhere), and what to read instead. Its readings win over the ontology's own
two- and three-letter synonyms, some of which are traps (PC is Purkinje cell there, EC an effector chondrocyte).
"""

import re
from collections.abc import Iterable
from functools import cache

from spatialcore.annotation.ontology.tables import read_rows

# Parts that more than one organ has: the kidney's cortex is not the brain's.
SHARED_PLACES = frozenset({"cortex", "cortical", "medulla"})
LINEAGE_LETTERS = ("t", "b")
_NUMBERED = re.compile(r"^(?:([a-z]{2,})\d{1,2}|([a-z]{3,})\d{1,2}[a-z])$")


@cache
def abbreviations() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """Return the readings of each short form with the tissues they hold in, those bound to a tissue first."""
    table: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for short, tissue, reads in read_rows("abbreviations.tsv"):
        table.setdefault(short, []).append((tuple(tissue.split()), reads))
    return {short: sorted(readings, key=lambda item: not item[0]) for short, readings in table.items()}


@cache
def whole_readings() -> dict[str, str]:
    """Return the readings of whole labels (``alpha cell``) that hold in any tissue."""
    return {short: reads for short in abbreviations() if short.endswith(" cell") and (reads := reading(short))}


@cache
def whole_forms() -> dict[frozenset[str], str]:
    """Return the whole labels of several words that the table reads, by their words in any order."""
    forms = (short.removesuffix(" cell") for short in abbreviations() if short.endswith(" cell"))
    return {frozenset(form.split()): form for form in forms if " " in form}


def reading(word: str, tissue: str = "") -> str | None:
    """Return what a short form stands for in a tissue, None where it is not one.

    Examples
    --------
    >>> reading("pc", "kidney"), reading("pc")
    ('renal principal cell', 'plasma cell')
    """
    around = tissue.lower()
    known = abbreviations().get(word, [])
    fitting = [(places, reads) for places, reads in known if not places or _named(places, around)]
    sure = (reads for places, reads in fitting if not places or _named(places, around) - SHARED_PLACES)
    return next(sure, fitting[0][1] if fitting else None)


def _named(places: Iterable[str], around: str) -> set[str]:
    words = around.split()
    return {place for place in places if (place in around if len(place) > 3 else place in words)}


def reading_of(word: str, context: str = "", *, has_state: bool = False) -> str | None:
    """Return what a word stands for that may carry a cluster's number and, in front, a letter for species or state.

    Examples
    --------
    >>> reading_of("lec3"), reading_of("htreg", has_state=True), reading_of("tt1", has_state=True), reading_of("bone")
    ('lymphatic endothelial cell', 'regulatory T cell', 't', None)
    """
    plain = _NUMBERED.sub(r"\1\2", word)
    found = reading(word, context) or reading(plain, context)
    if not has_state or (found and len(plain) > 2):  # tN: a neutrophil of the tumour, not a naive T cell
        return found
    rest = (word[1:], plain[1:], plain[1:].rstrip("0123456789"))
    known = next((reads for form in rest if (reads := reading(form, context))), None)
    return known or (rest[2] if rest[2] in LINEAGE_LETTERS else rest[1] if len(rest[1]) > 3 else None)
