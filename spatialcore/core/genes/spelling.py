"""Repair gene names changed by spreadsheets, R or table writers: dates, repeated names, blanks."""

import re
from collections.abc import Sequence

from spatialcore.core.genes.tables import ambiguous_symbols, current_symbols, former_symbols, known_names

_MONTHS = {"mar": ("MARCH", "MARC"), "sep": ("SEPT", "SEP"), "dec": ("DEC",), "oct": ("OCT",), "nov": ("NOV",)}
_MONTH_NUMBER = {"03": "mar", "09": "sep", "12": "dec", "10": "oct", "11": "nov"}
_DAY_MONTH = re.compile(r"^X?(\d{1,2})[-./ ]([A-Za-z]{3})[a-z]*$")
_MONTH_DAY = re.compile(r"^([A-Za-z]{3})[a-z]*[-./ ](\d{1,2})$")
_ISO = re.compile(r"^X?\d{4}[-./](\d{2})[-./](\d{2})(?:[ T]00[:.]00[:.]00)?$")
_DOUBLED = re.compile(r"^(.+)[-.](\d{1,2})$")


def date_genes(name: str) -> tuple[str, ...]:
    """Return the genes whose names a spreadsheet converts to this date; several if ambiguous.

    Examples
    --------
    >>> date_genes("6-Sep"), date_genes("1-Mar"), date_genes("CD3E")
    (('SEPTIN6',), ('MARCHF1', 'MTARC1'), ())
    """
    if match := _DAY_MONTH.match(name):
        day, month = match.group(1), match.group(2).lower()
    elif match := _MONTH_DAY.match(name):
        day, month = match.group(2), match.group(1).lower()
    elif match := _ISO.match(name):
        day, month = match.group(2), _MONTH_NUMBER.get(match.group(1), "")
    else:
        return ()
    names = [f"{stem}{int(day)}" for stem in _MONTHS.get(month, ())]
    return tuple(symbol for each in names for symbol in former_symbols().get(each, ()))


def is_date(name: str) -> bool:
    """Return whether a name is a date, and not a gene symbol."""
    match = _DAY_MONTH.match(name) or _MONTH_DAY.match(name)
    if match:
        return any(part.lower() in _MONTHS for part in match.groups()) and name not in known_names()
    return _ISO.match(name) is not None


def mend(names: Sequence[str]) -> list[str]:
    """Reverse the changes that R, spreadsheets and table writers make to names; gene symbols are unchanged.

    Surrounding blanks are removed. A date becomes the gene it stands for, if it is unambiguous. A symbol with a number
    as suffix ("CD3E-1", "CD3E.1") becomes the symbol, if the symbol is among the names.
    """
    texts = [name.strip() for name in names]
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
    texts = [name.strip() for name in names]
    dates = [name for name in texts if is_date(name)]
    mended = [f"{name} is {genes[0]}" for name in dates if len(genes := date_genes(name)) == 1]
    unclear = [f"{name} ({' or '.join(genes) or 'no gene'})" for name in dates if len(genes := date_genes(name)) != 1]
    several = [f"{name} ({' or '.join(ambiguous_symbols()[name])})" for name in texts if name in ambiguous_symbols()]
    empty = sum(not name or name.lower() in ("nan", "none", "<na>") for name in texts)
    findings = (
        ("names of genes that a spreadsheet made dates of", mended),
        ("dates that may be several genes, left alone", unclear),
        ("former symbols that stand for several genes, left alone", several),
        ("features without a name, left out", [str(empty)] if empty else []),
    )
    return [f"{what}: {_some(each)}" for what, each in findings if each]


def _some(items: list[str]) -> str:
    return ", ".join(items[:5]) + (f" and {len(items) - 5} more" if len(items) > 5 else "")
