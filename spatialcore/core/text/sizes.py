"""Sizes of files as users state them."""

import re
from typing import Final

from spatialcore.errors import InputError

_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*")
_UNITS: Final = {
    "": 1,
    **{"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12},
    **{"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40},
}


def parse_size(text: str) -> int:
    """Return the bytes of a size like ``20GB``, ``500 MB`` or ``1.5TiB``.

    Raises
    ------
    InputError
        If it is not a size.

    Examples
    --------
    >>> parse_size("1.5 kB")
    1500
    """
    match = _SIZE.fullmatch(text.lower())
    if match is None or match.group(2) not in _UNITS:
        raise InputError(f"cannot parse the size {text!r}", hint="write a number and a unit: 20GB or 500MB")
    return int(float(match.group(1)) * _UNITS[match.group(2)])
