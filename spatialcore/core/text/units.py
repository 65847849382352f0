"""Units of coordinates, and the spellings in which files and users state them."""

from typing import Final

from spatialcore.errors import InputError

_SPELLINGS: Final = {
    **dict.fromkeys(("um", "\u00b5m", "\u03bcm", "micron", "microns", "micrometer", "micrometre", "micrometers"), "µm"),
    **dict.fromkeys(("px", "pixel", "pixels"), "px"),
}


def unit_symbol(text: str) -> str:
    """Return the symbol of a unit that a file states; a unit without a known symbol is returned unchanged.

    Examples
    --------
    >>> unit_symbol("Microns"), unit_symbol("inch")
    ('µm', 'inch')
    """
    return _SPELLINGS.get(text.strip().lower(), text.strip())


def checked_unit(text: str) -> str:
    """Return the symbol of a unit that a user states; empty if none is stated.

    Raises
    ------
    InputError
        The unit is neither µm nor px.

    Examples
    --------
    >>> checked_unit("um"), checked_unit("")
    ('µm', '')
    """
    symbol = unit_symbol(text)
    if symbol not in ("", *_SPELLINGS.values()):
        raise InputError(
            f"{text!r:.40} is not a unit of coordinates, expected 'µm' or 'px'", hint="state the unit as µm, um or px"
        )
    return symbol
