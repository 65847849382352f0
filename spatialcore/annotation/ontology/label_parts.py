"""Labels read in parts: a type with its qualifiers, several types at once, a type before an underscore."""

from spatialcore.annotation.ontology.fuzzy import guess
from spatialcore.annotation.ontology.head_noun import SHORT_HEADS, fits
from spatialcore.annotation.ontology.hierarchy import ROOT, depth, is_a, is_term, lowest_common_ancestor
from spatialcore.annotation.ontology.lookup import Known
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.phrasing import is_telling
from spatialcore.annotation.ontology.shorter_forms import (
    alternatives,
    codes,
    first_part,
    qualifiers,
    shorter,
    without_number,
)
from spatialcore.annotation.ontology.text import spelled, words_of

# A label of several types means what they share, where that still says something: a term below one of these.
TELLING = (
    "CL:0000738", "CL:0000066", "CL:0000540", "CL:0000125", "CL:0000115", "CL:0000187", "CL:0000057", "CL:0000763",
    "CL:0008034",
)  # fmt: skip
# Stem, precursor and progenitor cell: whatever type stands in brackets behind them says more.
PRECURSOR = "CL:0011115"
STAGES = ("CL:0000034", PRECURSOR, "CL:0011026")


def by_shorter_form(known: Known, label: str, tissue: str = "") -> Match:
    """Return the term of a label without its qualifiers, or what these narrow it to."""
    context = f"{tissue} {spelled(label)}"
    for form in list(shorter(label))[1:]:
        found = known.whole(form, context) if is_telling(form) else Match(label)
        if found.id not in ("", ROOT):
            better = _narrowed(known, label, tissue, found.id)
            return better if better.id else known.table.found(label, found.id, 0.85, "tier2_token")
    return Match(label)


def _narrowed(known: Known, label: str, tissue: str, general: str) -> Match:
    narrower = _terms(known, [*qualifiers(label), *codes(label)], tissue) - {general}
    chosen = [term for term in sorted(narrower) if general in STAGES or fits(term, general, strictly=True)]
    if not chosen:  # a pro-B cell is filed under B cells, and not yet one
        chosen = [term for term in sorted(_terms(known, codes(label), tissue)) if is_a(term, PRECURSOR)]
    if chosen:
        return known.table.found(label, max(chosen, key=depth), 0.85, "tier2_token")
    return guess(known.table, without_number(label), tissue, below=general)


def _terms(known: Known, parts: list[str], tissue: str) -> set[str]:
    return {known.whole(part, tissue).id for part in parts if is_telling(part)} - {""}


def names_several(known: Known, label: str, tissue: str = "") -> bool:
    """Say whether a label is several names with a slash between them, which are not one name together."""
    table = known.table
    is_one = (
        label.lower() in table.entries
        or table.named(label)
        or table.named(f"{label} cell")
        or known.own_reading(label, tissue)
    )
    parts = alternatives(label) if "/" in label and not is_one else []
    if len(parts) < 2 or any(words_of(part)[-1:] and words_of(part)[-1][-1] in "+¬" for part in parts):
        return False  # CD4+/CD25+ is one cell
    return all(is_telling(part) and is_term(known.exact(part, tissue).id) for part in parts)


def by_alternatives(known: Known, label: str, tissue: str = "") -> Match:
    """Return what the types of a label share, or the first of them where they share too little."""
    parts = alternatives(label)
    terms = [known.exact(part, tissue).id if is_telling(part) else "" for part in parts]
    if len(parts) == 1 or not all(map(is_term, terms)) or _has_stray_letter(parts):
        return Match(label)
    shared = lowest_common_ancestor(terms)
    says_something = any(is_a(shared, lineage) for lineage in TELLING)
    return known.table.found(label, shared if says_something else terms[0], 0.7, "tier2_token")


def _has_stray_letter(parts: list[str]) -> bool:
    """Say whether a letter stands beside longer parts: L/M cones are no L cells."""
    letters = [len(spelled(part)) == 1 and spelled(part) not in SHORT_HEADS for part in parts]
    return any(letters) and not all(letters)


def by_first_part(known: Known, label: str, tissue: str = "") -> Match:
    """Return the term of what stands before an underscore."""
    part = first_part(label)
    found = known.whole(part, tissue) if part != label and is_telling(part) else Match(label)
    return known.table.found(label, found.id, 0.6, "tier2_token") if found.id else Match(label)
