"""Names that people give to samples, tissues and models: checked where they enter, and never used as paths themselves.

A name stays as it was given in records, reports and messages. In paths, file names and keys its slug stands for it:
the name itself where that is plain, else a readable form of it with a digest.
"""

import re
import unicodedata
from hashlib import sha256
from typing import Final

from spatialcore.errors import InputError

MAX_LENGTH: Final = 100
# For JSON schemas, so that a form refuses a name before anything runs.
SCHEMA: Final[dict[str, str | int]] = {"maxLength": MAX_LENGTH, "pattern": r"^(?![\s.])[^/\\\x00-\x1f\x7f]*$"}
_READABLE: Final = 40  # characters of a name that a slug repeats
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# Characters that show nothing although they count as printable, such as fillers and variation selectors.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_MARK: Final = "~"  # not in names that are their own slug, so no name is the slug of another
# Files and folders that lie beside those of samples and models.
_RESERVED: Final = frozenset(
    {
        "cohort.html",
        "config.yaml",
        "current",
        "current.json",
        "label_mapping.csv",
        "manifest.json",
        "model",
        "version.json",
    }
)
# Names of devices, and a dot at the end, are no file names on Windows, where a store may be mounted.
_NOT_ON_WINDOWS: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*\.", re.IGNORECASE)


def checked_name(name: str, what: str = "name") -> str:
    """Return a name as it is kept: composed characters, none that shows nothing, no blanks around it.

    Parameters
    ----------
    name
        As somebody gave it.
    what
        What it names, for the message.

    Raises
    ------
    InputError
        It is empty or longer than 100 characters, begins with a dot, or has a slash, a backslash or characters that
        cannot be printed.

    Examples
    --------
    >>> checked_name(" bone marrow ")
    'bone marrow'
    """
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", name)).strip()
    fault = _fault_of(text)
    if fault:
        raise InputError(
            f"{what} {_shortened(name)!r} {fault}",
            hint=f"give 1 to {MAX_LENGTH} characters: letters of any alphabet, digits, blanks and most signs, "
            "but no slash, no line break, and no dot at the beginning",
        )
    return text


def slug_of(name: str, what: str = "name") -> str:
    """Return the part of a path that stands for a name; two names never have one slug.

    Raises
    ------
    InputError
        It cannot be a name, see :func:`checked_name`.

    Examples
    --------
    >>> slug_of("lung"), slug_of("bone marrow"), slug_of("Mäuse"), slug_of("α")
    ('lung', 'bone-marrow~fa9a11e89d', 'Mause~f82102d8b9', 'alpha~3e32da9648')
    """
    text = checked_name(name, what)
    is_usable = text.casefold() not in _RESERVED and not _NOT_ON_WINDOWS.fullmatch(text)
    if _PLAIN.fullmatch(text) and len(text) <= _READABLE * 2 and is_usable:
        return text
    readable = re.sub(r"[^A-Za-z0-9_.]+", "-", _in_ascii(text)).strip("-._")[:_READABLE].rstrip("-._")
    if _NOT_ON_WINDOWS.fullmatch(readable):
        readable = readable.replace(".", "-")  # a device's name counts up to the first dot
    return f"{readable or 'name'}{_MARK}{sha256(text.encode()).hexdigest()[:10]}"


def is_derived(slug: str) -> bool:
    """Return whether a slug stands for another name than itself."""
    return _MARK in slug


def key_of(*names: str) -> str:
    """Return names as one key of lower-case letters, digits and dashes, as Prefect's artifacts want it.

    Examples
    --------
    >>> key_of("lung", "sample-1")
    'lung-sample-1'
    """
    text = "-".join(slug_of(name) for name in names)
    key = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return key if key == text or _MARK in text else f"{key}-{sha256(text.encode()).hexdigest()[:6]}"


def _fault_of(text: str) -> str:
    if not text:
        return "is empty"
    if len(text) > MAX_LENGTH:
        return f"has {len(text)} characters"
    if text.startswith("."):
        return "begins with a dot"
    if "/" in text or "\\" in text:
        return "has a slash"
    if not text.isprintable():
        return "has a line break or another character that cannot be printed"
    return ""


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_LENGTH else f"{name[:20]}..."


def _in_ascii(text: str) -> str:
    """Return letters without their accents, and the names of Greek ones."""
    return "".join(_letter(letter) for letter in unicodedata.normalize("NFKD", text))


def _letter(letter: str) -> str:
    if letter.isascii():
        return letter
    if unicodedata.combining(letter):
        return ""
    name = unicodedata.name(letter, "")
    return name.split()[3].lower() if re.match(r"GREEK (SMALL|CAPITAL) LETTER \w+", name) else "-"
