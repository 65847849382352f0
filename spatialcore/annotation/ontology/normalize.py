"""Normalize the spelling of labels: quotes, dashes, accents, camel case, cluster and sample numbers, plurals, signs.

`normalize_label` returns lower-case text, `standard_spelling` a text of singular words, `words_of` the words in the
vocabulary in which labels are compared with names of the ontology. ``CD4+ T-cells``, ``T_cells_CD4pos`` and
``CD4-positive T cell`` have the same words. Signs stay attached to their marker (``cd4+``, ``cd8¬``), so that a
positive marker never equals a negative one.
"""

import re
import unicodedata
from functools import lru_cache

from spatialcore.annotation.ontology.abbreviations import abbreviations
from spatialcore.annotation.ontology.vocabulary import PHRASES, words

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
_RAISED = re.compile(r"</?su[bp]>", re.IGNORECASE)  # CD4<sup>+</sup>
_MARKUP = re.compile(r"</?(?:b|i|u|p|br|em|strong|span|font|small)(?:\s[^<>]*)?/?>|&nbsp;", re.IGNORECASE)
_SIGN_IN_BRACKETS = re.compile(r"(?<=\w)\s?\(\s*([+-])\s*\)|([+-])ve\b")
_MACROPHAGE = re.compile(r"[Mm][φΦøØ]s?(?![a-z])")

_PREFIXES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # cluster: "3_", "C12-", "cluster 4: ", "[3] ", "#3 "
        r"^[\[(#]?\s*(?:cluster|clust|cl|c)?[\s_.-]*\d+[a-z]?\s*[\]:_.|)-]+\s*(?!nm\b)(?=.*[a-z]{2})|^#\d+\s+",
        r"^\s*[a-z]{1,3}-?\d+[a-z]?\s*:\s*(?=.*[a-z]{2})",  # "F-0: ", "SC1: "
        # sample: "Patient 3 ", "Donor1_", "GSM123_"
        r"^(?:patient|donor|sample|subject|individual|batch|gsm|(?-i:Pt|Pat))[\s_-]?\d+[a-z]?[\s_:.|-]+(?=.*[a-z])",
    )
]
_LINEAGE_CODE = re.compile(r"^\s*(NK|T|B)-\d+[a-z]?\s*:\s*")  # a cluster code that names the lineage: "NK-0: CD56dim"
_NUMBER_SUFFIX = re.compile(
    r"((?:cyte|blast|phage|phil|neuron|thelial|glia|[a-z]{2}cell)s?)(?=\d{1,2}\b)", re.IGNORECASE
)
_LETTER_SUFFIX = re.compile(
    r"\b((?!lympho|thymo|plasma)\w+(?:cyte|blast|phage|phil|neuron)s?)[\s_-][A-Ha-h]$", re.IGNORECASE
)

_SPECIES = re.compile(r"(?<![A-Za-z])[hm]([A-Z][a-z]{2,})[A-Z]?\d{0,2}(?![A-Za-z])")  # hTreg, hEndoS1
_CAMEL = re.compile(
    r"(?<=[a-z]{3})(?=[A-Z][a-z]{2}|[TB]cells?\b|CD\d|(?:T|B|NK|DC|EC|SMC)s?\d{0,2}(?![A-Za-z]))"
    r"|(?<=CD[48])(?=[A-Z][a-z]{2}|SP\b)"
)
_ONLY_CAMEL = re.compile(r"(?:[A-Z][a-z]+){2,}")
_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])")
_T_OR_NK = re.compile(r"(?<![A-Za-z])T(?=NK(?![A-Za-z]))")
_JOINED_T = re.compile(r"\b(cd[48])(?=t(?:cell|em|cm|rm|eff|ex|naive|n|reg)?s?\d?\b)", re.IGNORECASE)
_STATE_BEFORE_CD = re.compile(r"(?<![A-Za-z])[a-z](?=CD\d)")  # tCD8: tumour
_JOINED_CELL = re.compile(
    r"(?<![a-z])((?:(?:cd4|cd8|gd|nk)?[tb]|nk|nkt|dc|ec|mast|stem|plasma))(cells?)(?![a-z])", re.IGNORECASE
)
# Codes of the Immunological Genome Project: T.8NVE.OT1, preB.FrC, proB.FrBC, Tgd.imm.VG1+
_T_CODE = re.compile(r"\bT\.(?:CD)?([48])(NVE|MEM|EFF)?", re.IGNORECASE)
_FRACTION_CODE = re.compile(r"(?<=[A-Za-z]\.)Fr([A-F])(C?)\b", re.IGNORECASE)
_PRIME = re.compile(r"(?<=[a-z0-9])['′’](?=\s|$)")

_MARKER = r"(?:cd\d+[a-z]?|[a-z][a-z0-9]*\d[a-z0-9]*(?:[./]\d+)?|[a-z]{2,})"
_POSITIVE = re.compile(rf"\b({_MARKER})[\s_-]?(?:(?:positive|pos)(?![a-z])|\+{{1,3}})")
_NEGATIVE = re.compile(
    rf"\b({_MARKER})[\s_-]?(?:negative|neg)(?![a-z])|\b(cd\d+[a-z]?|ncr|ige|slan|[a-z]+\d+(?:[./]\d+)?)[-−–](?=$|[\s,.;:/)\]-]|cd\d)"
)
_BRIGHT = re.compile(r"\b(cd56)[\s_-]?(?:\+\+|br(?![a-z]))")
_LEVEL = re.compile(rf"\b({_MARKER})[\s_-]?(high|hi|bright|low|lo|dim|int)(?![a-z])")
# CD4 T means CD4+ T
_UNSIGNED = re.compile(
    r"(?<![a-z0-9])(cd\d+[a-z]?)(?![a-z0-9+¬])(?!\W*(?:high|hi|low|lo|bright|dim|int|alpha|beta)\w*)"
)
_LEVELS = {"hi": "high", "lo": "low"}
_SPLIT = re.compile(r"[^a-z0-9+¬]+")


@lru_cache(maxsize=65536)
def normalize_label(label: str) -> str:
    """Return a label in lower case, Greek letters spelled out, joined words split, cluster numbers removed.

    Examples
    --------
    >>> normalize_label("3_MastCells"), normalize_label("β cell")
    ('mast cells', 'beta cell')
    """
    text = _split_joined_words(remove_prefix(normalize_characters(label)))
    text = _JOINED_CELL.sub(r"\1 \2", _JOINED_T.sub(r"\1 ", text)).lower().replace("_", " ")
    text = " ".join(text.split())
    return _PRIME.sub(" prime", text if text.isascii() else _GREEK_LETTER.sub(_spell_out, text))


def normalize_characters(label: str) -> str:
    """Return a label with ASCII dashes, without quotes around it, accents and HTML, and with signs out of brackets."""
    label = _MARKUP.sub(" ", _RAISED.sub("", label)) if "<" in label or "&" in label else label
    text = " ".join((label if label.isascii() else _without_accents(label)).split())
    text = _SIGN_IN_BRACKETS.sub(lambda sign: f"{sign.group(1) or sign.group(2)} ", _QUOTED.sub(r"\1", text))
    return _MACROPHAGE.sub(" macrophage ", text).strip()


def _without_accents(label: str) -> str:
    letters = (letter for letter in unicodedata.normalize("NFKD", label) if not unicodedata.combining(letter))
    return _DASH.sub("-", "".join(letters))


def remove_prefix(text: str) -> str:
    """Return a label without a cluster or sample number at its start."""
    text = _LINEAGE_CODE.sub(r"\1 ", text)
    for pattern in _PREFIXES:
        text = pattern.sub("", text) or text
    return text


def _split_joined_words(text: str) -> str:
    """Return a label with spaces between words written as one, and without numbers and letters of subsets."""
    text = _STATE_BEFORE_CD.sub("", _SPECIES.sub(_without_species, text))
    text = _FRACTION_CODE.sub(r" fraction \1 \2 ", _T_CODE.sub(r"CD\1 T \2 ", text))
    text = _LETTER_SUFFIX.sub(r"\1", _NUMBER_SUFFIX.sub(r"\1 ", text))
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
    after = " " if text[end:][:1].isalnum() else ""
    return f"{before}{_GREEK[letter.group()]}{after}"


def _attach_signs(text: str) -> str:
    text = _BRIGHT.sub(r"\1 bright ", text)
    text = _NEGATIVE.sub(lambda match: f"{match.group(1) or match.group(2)}¬ ", text)
    text = _POSITIVE.sub(r"\1+ ", text)
    text = _UNSIGNED.sub(r"\1+ ", text)
    return _LEVEL.sub(lambda match: f"{match.group(1)} {_LEVELS.get(match.group(2), match.group(2))} ", text)


def singular(word: str) -> str:
    """Return the singular of a plural noun; other words are returned unchanged."""
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
def standard_spelling(label: str) -> str:
    """Return the words of a label in their order, singular, with signs on their markers; no word is expanded."""
    spelling = [singular(word.strip("+")) if word.strip("+") and not re.search(r"\d[a-z]?\+|[a-z]{2}\+", word) else word
                for word in _SPLIT.split(_attach_signs(normalize_label(label))) if word.strip("+¬")]  # fmt: skip
    if spelling[:1] == ["cell"] and len(spelling) > 1 and spelling[1] not in ("of", "in"):  # "Cells, mast"
        spelling = [*spelling[1:], "cell"]
    return " ".join(spelling)


@lru_cache(maxsize=65536)
def words_of(label: str) -> tuple[str, ...]:
    """Return the words of a label in the vocabulary in which labels and names are compared.

    Examples
    --------
    >>> words_of("CD4+ T-cells") == words_of("CD4-positive T lymphocyte")
    True
    """
    text = " ".join(words("same").get(word, word) for word in standard_spelling(label).split())
    return tuple(word for word in _merge_phrases(f" {text} ").split() if word)
