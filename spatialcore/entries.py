"""Entries of an AnnData by name: read those of this package, and move what a user has under their names."""

from collections.abc import Container, Mapping, MutableMapping
from itertools import count
from typing import Any

from spatialcore.core.logging import get_logger

log = get_logger(__name__)

SUFFIX = "_before"


def mapping_in(uns: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a mapping of uns; an empty one if there is none, or something else under its name.

    Parameters
    ----------
    uns
        ``adata.uns``.
    key
        Name of the entry.

    Returns
    -------
    Mapping
        The entry itself, not a copy.

    Examples
    --------
    >>> mapping_in({"source": {"unit": "um"}}, "source"), mapping_in({"source": "a text"}, "source")
    ({'unit': 'um'}, {})
    """
    value = uns.get(key)
    return value if isinstance(value, Mapping) else {}


def move_entry(part: MutableMapping[str, Any], name: str, where: str) -> str:
    """Move an entry of uns, obsm or layers to a free name, log it, and return the name.

    Examples
    --------
    >>> layers = {"counts": 1}
    >>> move_entry(layers, "counts", "layers"), layers
    ('counts_before', {'counts_before': 1})
    """
    free = free_name(name + SUFFIX, part)
    part[free] = part.pop(name)
    log.warning("%s[%r] exists already: it is moved to %r", where, name, free)
    return free


def free_name(name: str, existing: Container[str]) -> str:
    """Return the name, with a number if it exists.

    Examples
    --------
    >>> free_name("a", ["b"]), free_name("a", ["a", "a_2"])
    ('a', 'a_3')
    """
    numbered = (f"{name}_{n}" for n in count(2))
    return name if name not in existing else next(each for each in numbered if each not in existing)
