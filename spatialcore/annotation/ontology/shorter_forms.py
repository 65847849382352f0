"""Shorter forms of a label, for when the whole of it is no known name.

Authors write a type and then more: where it lies, how it was sorted, a cluster's number, genes. A form leaves one
such part out; forms are tried from the fullest to the barest.
"""

import re
from collections.abc import Iterator

from spatialcore.annotation.ontology.text import spelled
from spatialcore.annotation.ontology.vocabulary import words

# How much there is of a marker tells types apart, unlike other states, and so does "non".
TELLING_STATES = frozenset({"high", "low", "int", "intermediate", "positive", "negative", "non"})
_NUMBER = re.compile(
    r"(?<!type)(?<!segment)(?<!stage)(?<!layer)(?<!class)(?<!group)(?<!phase)(?<!NN)(?<!Glut)"
    r"(?:[\s_.]+(?:-\s*)?|(?<!CD\d)(?<!CD\d\d)-\s*)(?:(?:c|cl|cluster\s?|#)?\d{1,3}|\(\d{1,3}\)|\[\d{1,3}\])$",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"[(\[{][^)\]}]*[)\]}]?")
_MARKERS_IN_FRONT = re.compile(r"^\s*(?:(?!CD\d)[A-Z][\w.-]*\+[\s_,/]*)+", re.IGNORECASE)
_PLACE_IN_FRONT = re.compile(r"^([A-Za-z ]+?)\s*[-:|]\s*(?=\S{2})")
_TRAILING_SIGNS = re.compile(r"\s+(?:with|from|in|of the|expressing|w/)\s.*$", re.IGNORECASE)
_ALTERNATIVES = re.compile(r"\s*(?:/|&|\s\+\s|\band\b|\bor\b)\s*")


def shorter(label: str) -> Iterator[str]:
    """Yield a label, then what is left of it without its qualifiers, each form once."""
    seen: set[str] = set()
    for form in _candidates(label):
        text = " ".join(form.split()).strip(" _-,;:./|")
        if len(text) > 1 and text.lower() not in seen:
            seen.add(text.lower())
            yield text


def _candidates(label: str) -> Iterator[str]:
    yield label
    yield _NUMBER.sub("", label)
    bare = _BRACKETS.sub(" ", label)
    yield bare
    yield _NUMBER.sub("", bare.strip())
    placed = _PLACE_IN_FRONT.match(bare)
    if placed and _is_place(placed.group(1)):
        yield bare[placed.end() :]
    parts = [part for part in re.split(r"[:|]|,\s|\s-\s|--", bare) if part.strip()]
    for length in range(len(parts) - 1, 0, -1):
        yield " ".join(parts[:length])
    yield _TRAILING_SIGNS.sub("", bare)
    yield _MARKERS_IN_FRONT.sub("", bare)
    yield " ".join(word for word in spelled(bare).split() if word not in words("state") or word in TELLING_STATES)


def _is_place(text: str) -> bool:
    found = spelled(text).split()
    return bool(found) and all(words("same").get(word, word) in words("place") for word in found)


def without_number(label: str) -> str:
    """Return a label without a cluster's number behind it."""
    return _NUMBER.sub("", label.strip())


def qualifiers(label: str) -> list[str]:
    """Return the parts that the shorter forms leave out: what stands in brackets or behind a colon."""
    inside = [found.strip("()[]{} ") for found in _BRACKETS.findall(label)]
    behind = re.split(r"[:|]|\s-\s|--", _BRACKETS.sub(" ", label))[1:]
    return [part.strip() for part in (*inside, *behind) if len(part.strip()) > 1]


def codes(label: str) -> list[str]:
    """Return a dotted code in brackets and its parts, where the Immunological Genome Project names its types."""
    inside = [found.strip("()[]{} ") for found in _BRACKETS.findall(label)]
    found = [code.strip() for part in inside if "." in part for code in (part, *part.split("."))]
    return [code for code in found if len(code) > 1]


def first_part(label: str) -> str:
    """Return what stands before the first underscore: authors put the type there (``alpha_MHC II``)."""
    return label.split("_")[0].strip()


def alternatives(label: str) -> list[str]:
    """Return the parts of a label that names several types (``T/NK``, ``Mono & Mac``); one part: it names one."""
    plain = _NUMBER.sub("", _BRACKETS.sub(" ", label).strip())
    parts = [part for part in _ALTERNATIVES.split(plain) if part.strip(" _-")]
    return [part.strip(" _-") for part in parts] if 2 <= len(parts) <= 4 else [label]
