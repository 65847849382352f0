"""Labels that do not name a cell type, in addition to the exact labels of ``exclude_labels``."""

import re
from typing import Final

from spatialcore.annotation.references.labels import CL_ID

SHORTEST_PARTS: Final = 4  # letters; shorter labels are abbreviations such as n/a
_WORDS: Final = (
    *(
        "unknown",
        "unassigned",
        "unclassified",
        "unidentified",
        "undefined",
        "undetermined",
        "unannotated",
        "unresolved",
    ),
    *("unlabell?ed", "unclear", "uncertain", "unspecified", "ambiguous", "indeterminate", "undecided"),
    *(
        "na",
        "n/a",
        "nan",
        "none",
        "null",
        "nil",
        "missing",
        "tbd",
        "to be \\w+",
        "other",
        "others",
        "rest",
        "remaining",
    ),
    *("not (?:assigned|available|annotated|applicable|determined|known|classified|sure)",),
    *("no (?:label|annotation|call|type|match)", "mix", "mixed", "mixture", "misc(?:ellaneous)?", "various"),
    *(
        "debris",
        "junk",
        "trash",
        "garbage",
        "art[ei]facts?",
        "ambient(?: rna)?",
        "background",
        "noise",
        "empty",
        "blank",
    ),
    *("contaminat\\w+", "exclude[ds]?", "removed?", "filtered(?: out)?", "outliers?", "discard(?:ed)?", "bad"),
    *(
        "dying",
        "dead",
        "singlets?",
        "all",
        "heterogeneous",
        "true",
        "false",
        "name",
        "n[ /]a",
        "n[ /]?d",
        "unk",
        "unsure",
    ),
    *("unc?haracteri[sz]ed", "unidentifiable", "cells?", "celltypes?"),
)
_BESIDE: Final = (
    r"(?:cells?|types?|labels?|identity|population|clusters?|group|droplets?|subset|celltype|nuclei|subclusters?|\d+)"
)
_NO_TYPE = re.compile(rf"^(?:{_BESIDE} )*(?:{'|'.join(_WORDS)})(?: {_BESIDE})*$")
_NO_SINGLE_CELL = re.compile(
    r"\b(?:doublets?|multiplets?|triplets?|low ?qual(?:ity)?|lowq|lq|(?:poor|bad) quality|high mito\w*"
    r"|low (?:umi|counts?|rna|genes?|complexity))\b"
)
_CLUSTER = re.compile(
    r"^(?:(?:(?:(?:sub)?cluster|leiden|louvain|seurat|res|type|cell|celltype|group|snn|cl)s? ?)+\d+|c\d+|\d+)(?: \d+)*$"
)


def is_uninformative(label: str) -> bool:
    """Return whether a label names no cell type: a missing value as text, a doublet, a left-over, a cluster's number.

    Case, blanks, punctuation and numbers beside the words make no difference.

    Examples
    --------
    >>> is_uninformative("<NA>"), is_uninformative("T/B doublets"), is_uninformative("cluster 12")
    (True, True, True)
    >>> is_uninformative("Other T cells"), is_uninformative("T cell"), is_uninformative("CD4")
    (False, False, False)
    """
    if CL_ID.match(label.strip()):
        return False
    text = " ".join(re.sub(r"[^a-z0-9/]+", " ", label.casefold()).split())
    parts = [part for part in text.split("/") if part.strip()]
    if len(parts) > 1 and len("".join(parts)) > SHORTEST_PARTS:
        return all(is_uninformative(part) for part in parts) or _NO_SINGLE_CELL.search(text) is not None
    if not re.search(r"[a-z]", text):
        return not re.search(r"[^\W\d_]", label)  # a label in another script has letters, too
    return any(pattern.match(text) for pattern in (_NO_TYPE, _CLUSTER)) or _NO_SINGLE_CELL.search(text) is not None
