"""Labels that do not name a cell type, in addition to the exact labels of ``exclude_labels``."""

import re
import unicodedata
from typing import Final

from spatialcore.annotation.references.labels import CL_ID

MIN_PART_LENGTH: Final = 4  # letters; shorter labels are abbreviations such as n/a
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
    *("unk[now]*", "un(?:det|sure)", "ambig", "todo", "to do", "rejected", "failed(?: qc)?"),
    *("qc fail(?:ed)?", "low ?conf(?:idence)?"),
)
_OTHER_LANGUAGES: Final = (  # without accents
    *("unbekannt\\w*", "nicht (?:zugeordnet|klassifiziert|bestimmt)", "andere\\w?", "sonstige\\w?", "unklar"),
    *("inconnue?s?", "autres?", "non (?:assign|attribu|class|determi|assegna)\\w*", "indetermine\\w?"),
    *("desconocid[oa]s?", "otr[oa]s?", "(?:sin|no) (?:asigna|clasifica|determina)\\w*", "indeterminad[oa]s?"),
    *("sconosciut[oaie]", "altr[oaie]", "desconhecid[oa]s?", "outr[oa]s?", "nao (?:atribuid|classificad)\\w*"),
    *("onbekende?", "overige", "okand", "ukjent", "nieznan[yea]", "inne"),
)
_OTHER_SCRIPTS: Final = {
    *("未知", "未知细胞", "其他", "其它", "其他细胞", "未分类", "未定义", "未注释", "不明", "双细胞", "低质量"),
    *("その他", "未分類", "未同定", "알수없음", "기타", "미분류"),
    *("неизвестно", "неизвестные", "неизвестный", "другие", "прочие", "неопределено", "неопределенные"),
}
_BESIDE: Final = (
    r"(?:cells?|types?|labels?|identity|population|clusters?|group|droplets?|subset|celltype|nuclei|subclusters?"
    r"|zellen|cellules?|celulas?|cellule|\d+)"
)
_NO_TYPE = re.compile(rf"^(?:{_BESIDE} )*(?:{'|'.join((*_WORDS, *_OTHER_LANGUAGES))})(?: {_BESIDE})*$")
_NO_SINGLE_CELL = re.compile(
    r"\b(?:doublets?|dblts?|multiplets?|triplets?|low ?qual(?:ity)?|lowq|lq|(?:poor|bad) quality"
    r"|high m(?:ito\w*|t)|mito\w* high|low (?:umi|counts?|rna|genes?|complexity))\b"
)
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CLUSTER = re.compile(
    r"^(?:(?:(?:(?:sub)?cluster|leiden|louvain|seurat|res|type|cell|celltype|group|snn|cl)s? ?)+\d+|c\d+|\d+)(?: \d+)*$"
)


def is_uninformative(label: str) -> bool:
    """Return whether a label names no cell type: a missing value as text, a doublet, a left-over, a cluster's number.

    Case, blanks, punctuation, accents and numbers beside the words make no difference; some words of other languages
    are known ("unbekannt", "autre", "未知").

    Examples
    --------
    >>> is_uninformative("<NA>"), is_uninformative("T/B doublets"), is_uninformative("cluster 12")
    (True, True, True)
    >>> is_uninformative("Other T cells"), is_uninformative("T cell"), is_uninformative("CD4")
    (False, False, False)
    """
    if CL_ID.match(label.strip()):
        return False
    return any(map(_names_no_type, {_plain(label), _plain(_CAPITAL.sub(" ", label))})) or _is_other_script(label)


def _plain(label: str) -> str:
    """Return a label in small letters without accents and punctuation."""
    letters = "".join(each for each in unicodedata.normalize("NFKD", label) if not unicodedata.combining(each))
    return " ".join(re.sub(r"[^a-z0-9/]+", " ", letters.casefold()).split())


def _is_other_script(label: str) -> bool:
    letters = re.sub(r"[\W\d_]+", "", label.casefold())
    return letters in _OTHER_SCRIPTS or letters == ""


def _names_no_type(text: str) -> bool:
    parts = [part for part in text.split("/") if part.strip()]
    if len(parts) > 1 and len("".join(parts)) > MIN_PART_LENGTH:
        return all(map(_names_no_type, parts)) or _NO_SINGLE_CELL.search(text) is not None
    return any(pattern.match(text) for pattern in (_NO_TYPE, _CLUSTER)) or _NO_SINGLE_CELL.search(text) is not None
