"""Detect Ensembl ids and control features by name."""

import re
from typing import Literal

Species = Literal["human", "mouse"]
SPECIES: tuple[Species, ...] = ("human", "mouse")

_ENSEMBL = re.compile(r"^(ENS(?:[A-Z]{3,4})?G\d{11})(?:\.\d+)?(_PAR_Y)?$")
_CONTROL = re.compile(
    r"^(?:"
    r"neg(?:ative)?[\s_-]*control(?:[\s_-]*(?:probe|codeword))?s?(?:[\s_.-]*\w+)?|negcontrol\w*"  # Xenium
    r"|unassignedcodeword\w*|deprecatedcodeword\w*|genomiccontrol\w*|antisense[_-].+|blank[_-].*|intergenic(?:[_-].*|region.*)"
    r"|negative(?:\d*|[\s_-].*)|negprb.*|systemcontrol.*|falsecode.*|negpr.*"  # CosMx
    r"|ercc-\d+|notarget.*"
    r")$",
    re.IGNORECASE,
)


def is_ensembl(name: str) -> bool:
    """Return whether a name is an Ensembl gene id of any species, with or without a version.

    Examples
    --------
    >>> is_ensembl("ENSG00000141510.18"), is_ensembl("TP53")
    (True, False)
    """
    return _ENSEMBL.match(name) is not None


def strip_version(name: str) -> str:
    """Return an Ensembl id without version and _PAR_Y; other names are returned unchanged."""
    match = _ENSEMBL.match(name)
    return match.group(1) if match else name


def is_control(name: str) -> bool:
    """Return whether a feature is a control of Xenium, CosMx or MERSCOPE.

    Examples
    --------
    >>> is_control("NegControlProbe_00042"), is_control("TP53")
    (True, False)
    """
    return _CONTROL.match(name) is not None
