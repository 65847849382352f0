"""Match labels by their parts: a type with qualifiers, several types in one label, a type before an underscore.

Labels often have a type and more: place, sorting gate, cluster number, genes. `simplified` yields the label with one of
these removed at a time, the longest text first.
"""

import re
from collections.abc import Iterator

from spatialcore.annotation.ontology.fuzzy import fuzzy_match
from spatialcore.annotation.ontology.head_noun import SHORT_HEADS, fits
from spatialcore.annotation.ontology.hierarchy import ROOT, is_term
from spatialcore.annotation.ontology.lookup import LabelLookup
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.normalize import standard_spelling, words_of
from spatialcore.annotation.ontology.phrasing import is_searchable
from spatialcore.annotation.ontology.relations import depth, is_a, lowest_common_ancestor
from spatialcore.annotation.ontology.vocabulary import words

# A label of several types gets their common ancestor if it is below one of these terms.
INFORMATIVE_ANCESTORS = (
    "CL:0000738", "CL:0000066", "CL:0000540", "CL:0000125", "CL:0000115", "CL:0000187", "CL:0000057", "CL:0000763",
    "CL:0008034",
)  # fmt: skip
# Stem, precursor and progenitor cell: a type in brackets after them is more specific.
PRECURSOR = "CL:0011115"
STAGES = ("CL:0000034", PRECURSOR, "CL:0011026")
# States that distinguish types: levels of a marker, and "non".
DISTINGUISHING_STATES = frozenset({"high", "low", "int", "intermediate", "positive", "negative", "non"})
_CLUSTER_NUMBER = re.compile(
    r"(?<!type)(?<!segment)(?<!stage)(?<!layer)(?<!class)(?<!group)(?<!phase)(?<!NN)(?<!Glut)"
    r"(?:[\s_.]+(?:-\s*)?|(?<!CD\d)(?<!CD\d\d)-\s*)(?:(?:c|cl|cluster\s?|#)?\d{1,3}|\(\d{1,3}\)|\[\d{1,3}\])$",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"[(\[{][^)\]}]*[)\]}]?")
_LEADING_MARKERS = re.compile(r"^\s*(?:(?!CD\d)[A-Z][\w.-]*\+[\s_,/]*)+", re.IGNORECASE)
_LEADING_PLACE = re.compile(r"^([A-Za-z ]+?)\s*[-:|]\s*(?=\S{2})")
_TRAILING_PHRASE = re.compile(r"\s+(?:with|from|in|of the|expressing|w/)\s.*$", re.IGNORECASE)
_ALTERNATIVES = re.compile(r"\s*(?:/|&|\s\+\s|\band\b|\bor\b)\s*")


def by_simplified_label(lookup: LabelLookup, label: str, tissue: str = "") -> Match:
    """Return the match of a label without its qualifiers, narrowed by the qualifiers if possible."""
    context = f"{tissue} {standard_spelling(label)}"
    for text in list(simplified(label))[1:]:
        match = lookup.match(text, context) if is_searchable(text) else Match(label)
        if match.id not in ("", ROOT):
            narrower = _narrow_by_qualifiers(lookup, label, tissue, match.id)
            return narrower if narrower.id else lookup.names.match(label, match.id, 0.85, "tier2_token")
    return Match(label)


def _narrow_by_qualifiers(lookup: LabelLookup, label: str, tissue: str, general: str) -> Match:
    terms = _terms_of(lookup, [*qualifiers(label), *dotted_codes(label)], tissue) - {general}
    narrower = [term for term in sorted(terms) if general in STAGES or fits(term, general, strictly=True)]
    if not narrower:  # a pro-B cell is a precursor, and not a descendant of B cell
        narrower = [term for term in sorted(_terms_of(lookup, dotted_codes(label), tissue)) if is_a(term, PRECURSOR)]
    if narrower:
        return lookup.names.match(label, max(narrower, key=depth), 0.85, "tier2_token")
    return fuzzy_match(lookup.names, remove_number(label), tissue, ancestor=general)


def _terms_of(lookup: LabelLookup, parts: list[str], tissue: str) -> set[str]:
    return {lookup.match(part, tissue).id for part in parts if is_searchable(part)} - {""}


def names_several(lookup: LabelLookup, label: str, tissue: str = "") -> bool:
    """Return whether a label is several names joined by slashes that are not one name together."""
    names = lookup.names
    is_one_name = (
        label.lower() in names.entries
        or names.term_with_name(label)
        or names.term_with_name(f"{label} cell")
        or lookup.by_label_abbreviation(label, tissue)
    )
    parts = alternatives(label) if "/" in label and not is_one_name else []
    if len(parts) < 2 or any(words_of(part)[-1:] and words_of(part)[-1][-1] in "+¬" for part in parts):
        return False  # CD4+/CD25+ is one cell
    return all(is_searchable(part) and is_term(lookup.exact(part, tissue).id) for part in parts)


def by_alternatives(lookup: LabelLookup, label: str, tissue: str = "") -> Match:
    """Return the common ancestor of the types of a label, or the first type if the ancestor is too general."""
    parts = alternatives(label)
    terms = [lookup.exact(part, tissue).id if is_searchable(part) else "" for part in parts]
    if len(parts) == 1 or not all(map(is_term, terms)) or _has_single_letter(parts):
        return Match(label)
    common = lowest_common_ancestor(terms)
    is_informative = any(is_a(common, ancestor) for ancestor in INFORMATIVE_ANCESTORS)
    return lookup.names.match(label, common if is_informative else terms[0], 0.7, "tier2_token")


def _has_single_letter(parts: list[str]) -> bool:
    """Return whether some parts, but not all, are single letters: L/M cones are not L cells."""
    is_letter = [len(standard_spelling(part)) == 1 and standard_spelling(part) not in SHORT_HEADS for part in parts]
    return any(is_letter) and not all(is_letter)


def by_first_part(lookup: LabelLookup, label: str, tissue: str = "") -> Match:
    """Return the match of the text before the first underscore."""
    part = first_part(label)
    match = lookup.match(part, tissue) if part != label and is_searchable(part) else Match(label)
    return lookup.names.match(label, match.id, 0.6, "tier2_token") if match.id else Match(label)


def simplified(label: str) -> Iterator[str]:
    """Yield a label, then shorter texts without some of its qualifiers, each text once.

    Examples
    --------
    >>> list(simplified("Macrophage (CD68+) 3"))
    ['Macrophage (CD68+) 3', 'Macrophage (CD68+)', 'Macrophage 3', 'Macrophage']
    """
    yielded: set[str] = set()
    for candidate in _candidates(label):
        text = " ".join(candidate.split()).strip(" _-,;:./|")
        if len(text) > 1 and text.lower() not in yielded:
            yielded.add(text.lower())
            yield text


def _candidates(label: str) -> Iterator[str]:
    yield label
    yield _CLUSTER_NUMBER.sub("", label)
    unbracketed = _BRACKETS.sub(" ", label)
    yield unbracketed
    yield _CLUSTER_NUMBER.sub("", unbracketed.strip())
    prefix = _LEADING_PLACE.match(unbracketed)
    if prefix and _is_place(prefix.group(1)):
        yield unbracketed[prefix.end() :]
    parts = [part for part in re.split(r"[:|]|,\s|\s-\s|--", unbracketed) if part.strip()]
    for length in range(len(parts) - 1, 0, -1):
        yield " ".join(parts[:length])
    yield _TRAILING_PHRASE.sub("", unbracketed)
    yield _LEADING_MARKERS.sub("", unbracketed)
    yield " ".join(
        word
        for word in standard_spelling(unbracketed).split()
        if word not in words("state") or word in DISTINGUISHING_STATES
    )


def _is_place(text: str) -> bool:
    spelling = standard_spelling(text).split()
    return bool(spelling) and all(words("same").get(word, word) in words("place") for word in spelling)


def remove_number(label: str) -> str:
    """Return a label without a cluster number at its end.

    Examples
    --------
    >>> remove_number("Fibroblast 2"), remove_number("Alveolar type 2")
    ('Fibroblast', 'Alveolar type 2')
    """
    return _CLUSTER_NUMBER.sub("", label.strip())


def qualifiers(label: str) -> list[str]:
    """Return the parts of a label in brackets or after a colon."""
    in_brackets = [text.strip("()[]{} ") for text in _BRACKETS.findall(label)]
    after_colon = re.split(r"[:|]|\s-\s|--", _BRACKETS.sub(" ", label))[1:]
    return [part.strip() for part in (*in_brackets, *after_colon) if len(part.strip()) > 1]


def dotted_codes(label: str) -> list[str]:
    """Return dotted codes in brackets and their parts; the Immunological Genome Project names its types with them."""
    in_brackets = [text.strip("()[]{} ") for text in _BRACKETS.findall(label)]
    codes = [code.strip() for text in in_brackets if "." in text for code in (text, *text.split("."))]
    return [code for code in codes if len(code) > 1]


def first_part(label: str) -> str:
    """Return the text before the first underscore, often the type (``alpha_MHC II``)."""
    return label.split("_")[0].strip()


def alternatives(label: str) -> list[str]:
    """Return the parts of a label that names several types; a list of the label alone if it names one.

    Examples
    --------
    >>> alternatives("T/NK"), alternatives("Mono & Mac"), alternatives("B cell")
    (['T', 'NK'], ['Mono', 'Mac'], ['B cell'])
    """
    text = _CLUSTER_NUMBER.sub("", _BRACKETS.sub(" ", label).strip())
    parts = [part for part in _ALTERNATIVES.split(text) if part.strip(" _-")]
    return [part.strip(" _-") for part in parts] if 2 <= len(parts) <= 4 else [label]
