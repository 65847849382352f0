"""How a label is written, evened out: quotes, dashes, accents, camel case, numbers of clusters and samples.

What comes out is in lower case and still has its signs; `text` makes words of it.
"""

import re
import unicodedata
from functools import lru_cache

from spatialcore.annotation.ontology.abbreviations import abbreviations

_GREEK_LETTERS = "αβγδεζηθικλμνξοπρστυφχψως"
GREEK_NAMES = [
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "sigma"),
]
_GREEK = dict(zip(_GREEK_LETTERS, GREEK_NAMES, strict=True)) | {"ϕ": "phi"}
_GREEK_LETTER = re.compile(f"[{''.join(_GREEK)}]")

_DASH = re.compile("[\u2010-\u2015\u2212]")
_QUOTES = "\"'`\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"
_QUOTED = re.compile(f"^[{_QUOTES}]+(.+?)[{_QUOTES}]*$")
_SIGN_IN_BRACKETS = re.compile(r"(?<=\w)\s?\(\s*([+-])\s*\)|([+-])ve\b")
_MACROPHAGE = re.compile(r"[Mm][φΦøØ]s?(?![a-z])")

_IN_FRONT = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # of a cluster: "3_", "C12-", "cluster 4: ", "[3] ", "#3 "
        r"^[\[(#]?\s*(?:cluster|clust|cl|c)?[\s_.-]*\d+[a-z]?\s*[\]:_.|)-]+\s*(?!nm\b)(?=.*[a-z]{2})|^#\d+\s+",
        r"^\s*[a-z]{1,3}-?\d+[a-z]?\s*:\s*(?=.*[a-z]{2})",  # "F-0: ", "SC1: "
        # of a sample: "Patient 3 ", "Donor1_", "GSM123_"
        r"^(?:patient|donor|sample|subject|individual|batch|gsm|(?-i:Pt|Pat))[\s_-]?\d+[a-z]?[\s_:.|-]+(?=.*[a-z])",
    )
]
_LINEAGE_CODE = re.compile(r"^\s*(NK|T|B)-\d+[a-z]?\s*:\s*")  # the cluster's code says the lineage: "NK-0: CD56dim"
_NUMBER_BEHIND = re.compile(
    r"((?:cyte|blast|phage|phil|neuron|thelial|glia|[a-z]{2}cell)s?)(?=\d{1,2}\b)", re.IGNORECASE
)
_LETTER_BEHIND = re.compile(
    r"\b((?!lympho|thymo|plasma)\w+(?:cyte|blast|phage|phil|neuron)s?)[\s_-][A-Ha-h]$", re.IGNORECASE
)

_SPECIES = re.compile(r"(?<![A-Za-z])[hm]([A-Z][a-z]{2,})[A-Z]?\d{0,2}(?![A-Za-z])")  # hTreg, hEndoS1: and a subset
_CAMEL = re.compile(
    r"(?<=[a-z]{3})(?=[A-Z][a-z]{2}|[TB]cells?\b|CD\d|(?:T|B|NK|DC|EC|SMC)s?\d{0,2}(?![A-Za-z]))"
    r"|(?<=CD[48])(?=[A-Z][a-z]{2}|SP\b)"
)
_ONLY_CAMEL = re.compile(r"(?:[A-Z][a-z]+){2,}")
_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])")
_T_OR_NK = re.compile(r"(?<![A-Za-z])T(?=NK(?![A-Za-z]))")
_GLUED_T = re.compile(r"\b(cd[48])(?=t(?:cell|em|cm|rm|eff|ex|naive|n|reg)?s?\d?\b)", re.IGNORECASE)
_STATE_BEFORE_CD = re.compile(r"(?<![A-Za-z])[a-z](?=CD\d)")  # tCD8: of the tumour
_GLUED_CELL = re.compile(
    r"(?<![a-z])((?:(?:cd4|cd8|gd|nk)?[tb]|nk|nkt|dc|ec|mast|stem|plasma))(cells?)(?![a-z])", re.IGNORECASE
)
# The Immunological Genome Project's codes: T.8NVE.OT1, preB.FrC, proB.FrBC, Tgd.imm.VG1+
_T_CODE = re.compile(r"\bT\.(?:CD)?([48])(NVE|MEM|EFF)?", re.IGNORECASE)
_FRACTION_CODE = re.compile(r"(?<=[A-Za-z]\.)Fr([A-F])(C?)\b", re.IGNORECASE)
_PRIME = re.compile(r"(?<=[a-z0-9])['′’](?=\s|$)")


@lru_cache(maxsize=65536)
def plain(label: str) -> str:
    """Return a label in lower case with Greek letters spelled out, glued words parted and cluster numbers gone."""
    text = _parted(without_front(evened(label)))
    text = _GLUED_CELL.sub(r"\1 \2", _GLUED_T.sub(r"\1 ", text)).lower().replace("_", " ")
    text = " ".join(text.split())
    return _PRIME.sub(" prime", text if text.isascii() else _GREEK_LETTER.sub(_spell_out, text))


def evened(label: str) -> str:
    """Return a label with one kind of dash, no quotes around it, no accents, and its signs out of brackets."""
    text = " ".join((label if label.isascii() else _unaccented(label)).split())
    text = _SIGN_IN_BRACKETS.sub(lambda found: f"{found.group(1) or found.group(2)} ", _QUOTED.sub(r"\1", text))
    return _MACROPHAGE.sub(" macrophage ", text).strip()


def _unaccented(label: str) -> str:
    letters = (letter for letter in unicodedata.normalize("NFKD", label) if not unicodedata.combining(letter))
    return _DASH.sub("-", "".join(letters))


def without_front(text: str) -> str:
    text = _LINEAGE_CODE.sub(r"\1 ", text)
    for pattern in _IN_FRONT:
        text = pattern.sub("", text) or text
    return text


def _parted(text: str) -> str:
    """Return a label with a space between words that are written as one, numbers and letters of subsets apart."""
    text = _STATE_BEFORE_CD.sub("", _SPECIES.sub(_without_species, text))
    text = _FRACTION_CODE.sub(r" fraction \1 \2 ", _T_CODE.sub(r"CD\1 T \2 ", text))
    text = _LETTER_BEHIND.sub(r"\1", _NUMBER_BEHIND.sub(r"\1 ", text))
    text = _T_OR_NK.sub("T ", text)
    if text.lower() in abbreviations() or text.lower().removesuffix("s") in abbreviations():
        return text
    return _WORD_START.sub(" ", text) if _ONLY_CAMEL.fullmatch(text) else _CAMEL.sub(" ", text)


def _without_species(word: re.Match[str]) -> str:
    stem = word.group(1)
    return stem if len(stem) > 3 or stem.lower() in abbreviations() else word.group()


def _spell_out(letter: re.Match[str]) -> str:
    text, start, end = letter.string, letter.start(), letter.end()
    before = " " if text[:start][-1:].isalnum() else ""
    behind = " " if text[end:][:1].isalnum() else ""
    return f"{before}{_GREEK[letter.group()]}{behind}"
