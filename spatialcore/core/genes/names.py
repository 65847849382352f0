"""Kinds of feature names: Ensembl ids with or without a version, controls, and features of another modality."""

import re
from functools import lru_cache
from typing import Final, Literal

Species = Literal["human", "mouse"]
SPECIES: tuple[Species, ...] = ("human", "mouse")

_ENSEMBL = re.compile(r"^(ENS(?:[A-Z]{3,4})?G\d{11})(?:\.\d+)?(_PAR_Y)?$")
_SEPARATORS = re.compile(r"[\s_.:|-]+")
# names without their separators, which Seurat ("_" to "-") and R (everything to ".") change
_CONTROL = re.compile(
    r"^x?(?:"
    r"(?:extended)?neg(?:ative)?(?:control|ctrl).*|(?:unassigned|unused|deprecated)(?:codeword.*|\d*)"
    r"|genomiccontrol.*|intergenic(?:region)?(?:\d.*)?|antisense.+|(?:human|mouse)?intergenicregion.*"  # Xenium
    r"|blank(?:\d.*|codeword.*|barcode.*)?|barcodeblank.*"  # MERSCOPE
    r"|negative(?:\d.*|probe.*)?|neg(?:prb|pr|probe|\d).*|systemcontrol.*|false(?:code.*|\d+)"  # CosMx
    r"|custom?neg.*|ercc\d{5}|notarget.*|spikein.*|fiducial.*|nocode.*|ntc\d?|decoy(?:code)?\d*|dummy(?:gene)?\d*"
    r"|scrambled?\d*|(?:misc)?control\d+|empty(?:barcode)?\d*|negcodeword\d*|blanks\d*"
    r"|(?:pos(?:itive)?|hyb(?:ridi[sz]ation)?)(?:control|ctrl)\d*|control(?:probe|codeword)\d*"
    r")$"
)
_MODALITY_WORD = r"(?:totalseq[a-d]?|adt|hto|cmo|hashtag|protein|prot|antibody|isotype|isotypecontrol)"
_OTHER_MODALITY = re.compile(
    rf"(?:^|[\s_.:|-]){_MODALITY_WORD}(?:[\s_.:|-]|\d*$)|^hashtag\d*|isotype"
    r"|\bpabo$|\bAHS\d{4}\b|^chr\w{1,5}[:_-]\d+[_-]\d+$",  # AbSeq; peaks
    re.IGNORECASE,
)
_NOT_A_NAME = {"", "nan", "none", "<na>", "null"}
CACHED_NAMES: Final = 1 << 17  # a run asks for the names of a few matrices several times


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


@lru_cache(CACHED_NAMES)
def is_control(name: str) -> bool:
    """Return whether a feature is a control of Xenium, CosMx or MERSCOPE, with any separator in its name.

    Examples
    --------
    >>> is_control("NegControlProbe_00042"), is_control("UnassignedCodeword-0001"), is_control("NEGR1")
    (True, True, False)
    """
    return _CONTROL.match(_SEPARATORS.sub("", name).lower()) is not None


@lru_cache(CACHED_NAMES)
def is_gene_name(name: str) -> bool:
    """Return whether a name can be of a gene: not empty, a number, a control, a protein or a tag."""
    text = name.strip()
    if text.lower() in _NOT_A_NAME or text.replace(".", "", 1).isdigit():
        return False
    return not is_control(text) and _OTHER_MODALITY.search(text) is None
