"""Repair gene names changed by spreadsheets, R or table writers: dates, repeated names, blanks."""

import re
from collections.abc import Sequence

from spatialcore.core.genes.names import is_ensembl
from spatialcore.core.genes.tables import ambiguous_symbols, current_symbols, former_symbols, known_names
from spatialcore.core.text.wording import list_names

# symbols that spreadsheets read as a month; those of a later group only count if an earlier one gives no gene
_MONTHS = {
    "mar": (("MARCH", "MARC"),),
    "sep": (("SEPT",), ("SEP",)),
    "dec": (("DEC",),),
    "oct": (("OCT",),),
    "nov": (("NOV",),),
}
_MONTH_NUMBER = {3: "mar", 9: "sep", 12: "dec", 10: "oct", 11: "nov"}
_DAY_MONTH = re.compile(r"^X?(\d{1,2})[-./ ]([A-Za-z]{3})[a-z]*$")
_MONTH_DAY = re.compile(r"^([A-Za-z]{3})[a-z]*[-./ ](\d{1,2})$")
_ISO = re.compile(r"^X?\d{4}[-./](\d{2})[-./](\d{2})(?:[ T]00[:.]00[:.]00)?$")
_NUMERIC = re.compile(r"^X?(\d{1,2})[-./](\d{1,2})[-./](?:\d{2}|\d{4})$")  # day or month first
_DOUBLED = re.compile(r"^(.+)[-.](\d{1,2})$")
_QUOTED = re.compile(r"""^b?(['"])(.*)\1$""")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_INVISIBLE = "\ufeff\u200b\u200e\u200f"
_GENOME = re.compile(r"^(?:GRC[hm]\d\d|hg\d\d|mm\d\d?)[_-]+(?=\w)", re.IGNORECASE)
_LOWER_CASE_ID = re.compile(r"^ens[a-z]{0,4}g\d{11}(?:\.\d+)?$")
_ID = r"(ENS(?:[A-Z]{3,4})?G\d{11}(?:\.\d+)?)"
_ID_AND_SYMBOL = re.compile(rf"^{_ID}[|:;,_\s-]+\S+$|^\S+?[|:;,\s]+{_ID}$")


def date_genes(name: str) -> tuple[str, ...]:
    """Return the genes whose names a spreadsheet converts to this date; several if ambiguous.

    Examples
    --------
    >>> date_genes("6-Sep"), date_genes("1-Mar"), date_genes("CD3E")
    (('SEPTIN6',), ('MARCHF1', 'MTARC1'), ())
    """
    return tuple(dict.fromkeys(symbol for day, month in _readings(name) for symbol in _genes_of(day, month)))


def _readings(name: str) -> list[tuple[int, str]]:
    """Return day and month of a date; both readings of a date that may begin with either."""
    if match := _DAY_MONTH.match(name):
        return [(int(match.group(1)), match.group(2).lower())]
    if match := _MONTH_DAY.match(name):
        return [(int(match.group(2)), match.group(1).lower())]
    if match := _ISO.match(name):
        return [(int(match.group(2)), _MONTH_NUMBER.get(int(match.group(1)), ""))]
    if match := _NUMERIC.match(name):
        one, other = int(match.group(1)), int(match.group(2))
        return [(one, _MONTH_NUMBER.get(other, "")), (other, _MONTH_NUMBER.get(one, ""))]
    return []


def _genes_of(day: int, month: str) -> tuple[str, ...]:
    for stems in _MONTHS.get(month, ()):
        genes = [symbol for stem in stems for symbol in former_symbols().get(f"{stem}{day}", ())]
        if genes:
            return tuple(genes)
    return ()


def is_date(name: str) -> bool:
    """Return whether a name is a date, and not a gene symbol."""
    match = _DAY_MONTH.match(name) or _MONTH_DAY.match(name)
    if match:
        return any(part.lower() in _MONTHS for part in match.groups()) and name not in known_names()
    return _ISO.match(name) is not None or _NUMERIC.match(name) is not None


def plain_name(name: str) -> str:
    """Return a name without what writers of tables put around it.

    That is blanks, quotes, invisible characters, typographic dashes, and the genome or the symbol beside an Ensembl id.

    Examples
    --------
    >>> plain_name("GRCh38_CD3E"), plain_name("ENSG00000141510.18|TP53"), plain_name("b'CD4'")
    ('CD3E', 'ENSG00000141510.18', 'CD4')
    """
    text = name.strip().strip(_INVISIBLE).strip()
    quoted = _QUOTED.match(text)
    text = _DASHES.sub("-", quoted.group(2).strip() if quoted else text)
    text = _GENOME.sub("", text)
    if _LOWER_CASE_ID.match(text):
        return text.upper()
    both = None if is_ensembl(text) else _ID_AND_SYMBOL.match(text)
    return (both.group(1) or both.group(2)) if both else text


def mend(names: Sequence[str]) -> list[str]:
    """Reverse the changes that R, spreadsheets and table writers make to names; gene symbols are unchanged.

    What surrounds a name is removed, see :func:`plain_name`. A date becomes the gene it stands for, if it is
    unambiguous. A symbol with a number as suffix ("CD3E-1", "CD3E.1") becomes the symbol, if the symbol is among the
    names.
    """
    texts = [plain_name(name) for name in names]
    symbols, present = known_names(), set(texts)
    unknown = [i for i, name in enumerate(texts) if name not in symbols]
    mouse: bool | None = None
    for i in unknown:
        doubled = _DOUBLED.match(texts[i])
        if doubled and doubled.group(1) in present and doubled.group(1) in symbols:
            texts[i] = doubled.group(1)
            continue
        genes = date_genes(texts[i])
        if len(genes) == 1:
            mouse = is_mouse(texts) if mouse is None else mouse
            texts[i] = genes[0].capitalize() if mouse else genes[0]
    return texts


def is_mouse(names: Sequence[str]) -> bool:
    """Return whether more of the names are mouse symbols than human symbols."""
    human, mouse = current_symbols("human"), current_symbols("mouse")
    return sum(name in mouse for name in names) > sum(name in human for name in names)


def name_findings(names: Sequence[str]) -> list[str]:
    """Describe names that match no gene, or a gene with another name."""
    texts = [plain_name(name) for name in names]
    dates = [name for name in texts if is_date(name)]
    mended = [f"{name} is {genes[0]}" for name in dates if len(genes := date_genes(name)) == 1]
    unclear = [f"{name} ({' or '.join(genes) or 'no gene'})" for name in dates if len(genes := date_genes(name)) != 1]
    several = [f"{name} ({' or '.join(ambiguous_symbols()[name])})" for name in texts if name in ambiguous_symbols()]
    empty = sum(not name or name.lower() in ("nan", "none", "<na>") for name in texts)
    numbers = [name for name in texts if name.isdigit()]
    findings = (
        ("names of genes that a spreadsheet made dates of", mended),
        ("dates that may be several genes, left alone", unclear),
        ("former symbols that stand for several genes, left alone", several),
        ("features without a name, left out", [str(empty)] if empty else []),
        ("features named by a number, left out", numbers if 2 * len(numbers) < len(texts) else []),
    )
    return [f"{what}: {list_names(each, 5)}" for what, each in findings if each]
