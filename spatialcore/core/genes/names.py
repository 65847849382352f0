"""Kinds of feature names: Ensembl ids with or without a version, and controls that are no genes."""

import re

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
    """Say whether a name is an Ensembl gene id of any species, with or without a version."""
    return _ENSEMBL.match(name) is not None


def strip_version(name: str) -> str:
    """Return an Ensembl id without version and _PAR_Y; any other name as it is."""
    match = _ENSEMBL.match(name)
    return match.group(1) if match else name


def is_control(name: str) -> bool:
    """Say whether a feature is a control of Xenium, CosMx or MERSCOPE and no gene."""
    return _CONTROL.match(name) is not None
