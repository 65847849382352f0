"""One way of writing: labels and ontology names become the same short lists of words.

``CD4+ T-cells``, ``T_cells_CD4pos`` and ``CD4-positive T cell`` all become words among which order and spelling no
longer differ. Signs stay on their marker (``cd4+``, ``cd8-``), so that a positive never meets a negative.
"""

import re
import unicodedata
from functools import lru_cache

from spatialcore.annotation.ontology.vocabulary import PHRASES, words

_GREEK_LETTERS = "αβγδεζηθικλμνξοπρστυφχψως"
GREEK_NAMES = [
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "sigma"),
]
_GREEK = dict(zip(_GREEK_LETTERS, GREEK_NAMES, strict=True)) | {"ϕ": "phi"}
_GREEK_LETTER = re.compile(f"[{''.join(_GREEK)}]")
_PREFIX = re.compile(
    r"^(?:cluster|clust|cl|c)?[\s_.-]*\d+[a-z]?\s*[:_.|)-]+\s*(?!nm\b)(?=.*[a-z]{2})"  # "3_", "C12-", "cluster 4: "
    r"|^\s*[a-z]{1,3}-?\d+[a-z]?\s*:\s*(?=.*[a-z]{2})",  # "F-0: ", "SC1: "
    re.IGNORECASE,
)
_LINEAGE_CODE = re.compile(r"^\s*(NK|T|B)-\d+[a-z]?\s*:\s*")  # the cluster's code says the lineage: "NK-0: CD56dim"
_CAMEL = re.compile(r"(?<=[a-z]{3})(?=[A-Z][a-z]{2})|(?<=[a-z]{3})(?=[TB]cells?\b)")
_ONLY_CAMEL = re.compile(r"(?:[A-Z][a-z]+){2,}")
_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])")
_GLUED_T = re.compile(r"\b(cd[48])(?=t(?:cell|em|cm|rm|eff|ex|naive|n|reg)?s?\d?\b)", re.IGNORECASE)
_STATE_BEFORE_CD = re.compile(r"(?<![A-Za-z])[a-z](?=CD\d)")  # tCD8: of the tumour
# The Immunological Genome Project's codes: T.8NVE.OT1, preB.FrC, Tgd.imm.VG1+
_T_CODE = re.compile(r"\bT\.(?:CD)?([48])(NVE|MEM|EFF)?", re.IGNORECASE)
_FRACTION_CODE = re.compile(r"(?<=[A-Za-z]\.)Fr([A-F])C?\b")
_PRIME = re.compile(r"(?<=[a-z0-9])['′’](?=\s|$)")
_GLUED_CELL = re.compile(
    r"(?<![a-z])((?:(?:cd4|cd8|gd|nk)?[tb]|nk|nkt|dc|ec|mast|stem|plasma))(cells?)(?![a-z])", re.IGNORECASE
)
_MARKER = r"(?:cd\d+[a-z]?|[a-z][a-z0-9]*\d[a-z0-9]*(?:[./]\d+)?|[a-z]{2,})"
_POSITIVE = re.compile(rf"\b({_MARKER})[\s_-]?(?:(?:positive|pos)(?![a-z])|\+{{1,3}})")
_NEGATIVE = re.compile(
    rf"\b({_MARKER})[\s_-]?(?:negative|neg)(?![a-z])|\b(cd\d+[a-z]?|ncr|ige|slan|[a-z]+\d+(?:[./]\d+)?)[-−–](?=$|[\s,.;:/)\]]|cd\d)"
)
_LEVEL = re.compile(rf"\b({_MARKER})[\s_-]?(high|hi|bright|low|lo|dim|int)(?![a-z])")
# Authors write CD4 T for CD4+ T.
_UNSIGNED = re.compile(
    r"(?<![a-z0-9])(cd\d+[a-z]?)(?![a-z0-9+¬])(?!\W*(?:high|hi|low|lo|bright|dim|int|alpha|beta)\w*)"
)
_LEVELS = {"hi": "high", "bright": "bright", "lo": "low"}
_SPLIT = re.compile(r"[^a-z0-9+¬]+")


@lru_cache(maxsize=65536)
def plain(label: str) -> str:
    """Return a label in lower case with Greek letters spelled out, glued words parted and cluster numbers gone."""
    text = " ".join(unicodedata.normalize("NFKC", label).split())
    text = re.sub(r"\b[Mm][φϕΦøØ]s?\b", "macrophage", text)
    text = _STATE_BEFORE_CD.sub("", text)
    text = _FRACTION_CODE.sub(r" fraction \1 ", _T_CODE.sub(r"CD\1 T \2 ", text))
    text = _PREFIX.sub("", _LINEAGE_CODE.sub(r"\1 ", text)) or text
    text = _WORD_START.sub(" ", text) if _ONLY_CAMEL.fullmatch(text) else _CAMEL.sub(" ", text)
    text = _GLUED_CELL.sub(r"\1 \2", _GLUED_T.sub(r"\1 ", text)).lower().replace("_", " ")
    return _PRIME.sub(" prime", _GREEK_LETTER.sub(_spell_out, text))


def _spell_out(letter: re.Match[str]) -> str:
    text, start, end = letter.string, letter.start(), letter.end()
    before = " " if text[:start][-1:].isalnum() else ""
    behind = " " if text[end:][:1].isalnum() else ""
    return f"{before}{_GREEK[letter.group()]}{behind}"


def _signed(text: str) -> str:
    text = _NEGATIVE.sub(lambda match: f"{match.group(1) or match.group(2)}¬ ", text)
    text = _POSITIVE.sub(r"\1+ ", text)
    text = _UNSIGNED.sub(r"\1+ ", text)
    return _LEVEL.sub(lambda match: f"{match.group(1)} {_LEVELS.get(match.group(2), match.group(2))} ", text)


def singular(word: str) -> str:
    """Return the singular of an English noun of this field; other words come back as they are."""
    if word in words("singular"):
        return words("singular")[word]
    if len(word) <= 3 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 5:
        return word[:-3] + "y"
    return word[:-1]


def _merge_phrases(text: str) -> str:
    for pattern, replacement in PHRASES:
        text = pattern.sub(replacement, text)
    return text


@lru_cache(maxsize=65536)
def spelled(label: str) -> str:
    """Return the words of a label in their order, singular, signs on their markers; nothing is expanded yet."""
    found = [singular(word.strip("+")) if word.strip("+") and not re.search(r"\d[a-z]?\+|[a-z]{2}\+", word) else word
             for word in _SPLIT.split(_signed(plain(label))) if word.strip("+¬")]  # fmt: skip
    if found[:1] == ["cell"] and len(found) > 1 and found[1] not in ("of", "in"):  # "Cells, mast"
        found = [*found[1:], "cell"]
    return " ".join(found)


@lru_cache(maxsize=65536)
def words_of(label: str) -> tuple[str, ...]:
    """Return the words of a label in the one vocabulary that names are compared in."""
    text = " ".join(words("same").get(word, word) for word in spelled(label).split())
    return tuple(word for word in _merge_phrases(f" {text} ").split() if word)
