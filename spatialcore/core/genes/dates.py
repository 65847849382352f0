"""Gene symbols that a spreadsheet converted to dates, in the formats and languages that spreadsheets write."""

import re
from functools import lru_cache
from typing import Final

from spatialcore.core.genes.tables import former_symbols, known_names

# symbols that spreadsheets read as a month; those of a later group only count if an earlier one gives no gene
_SYMBOLS: Final = {
    3: (("MARCH", "MARC"),),
    9: (("SEPT",), ("SEP",)),
    10: (("OCT",),),
    11: (("NOV",),),
    12: (("DEC",),),
}
_MONTHS: Final = {  # English, German, French, Spanish, Italian, Portuguese, Dutch
    3: "mar mars march mrz märz maerz mrt maart marzo março marco",
    9: "sep sept september septembre septiembre set settembre setembro",
    10: "oct october okt oktober octobre octubre ott ottobre out outubro",  # codespell:ignore
    11: "nov november novembre noviembre novembro",
    12: "dec december dez dezember déc décembre decembre dic diciembre dicembre dezembro",  # codespell:ignore
}
_MONTH_OF: Final = {name: month for month, names in _MONTHS.items() for name in names.split()}
# in front of a number only these: "SET.1" is a second SET
_FIRST: Final = {
    *("mar", "mrz", "mrt", "sep", "sept", "oct", "okt", "nov", "dec", "dez"),
    *("march", "september", "october", "november", "december"),
}
_MIDNIGHT = r"(?:[ T]0?0[:.]00(?:[:.]00)?)?"
_DAY_MONTH = re.compile(rf"^X?(\d{{1,2}})\.?[-./ ]?[ ]?([^\W\d_]{{3,}})\.?(?:[-./ ](?:\d{{2}}|\d{{4}}))?{_MIDNIGHT}$")
_MONTH_DAY = re.compile(r"^([A-Za-z]{3}[a-z]*|[A-Z]{3})[-./ ](\d{1,2})$")
_ISO = re.compile(rf"^X?\d{{4}}[-./](\d{{1,2}})[-./](\d{{1,2}}){_MIDNIGHT}$")
_NUMERIC = re.compile(r"^X?(\d{1,2})[-./](\d{1,2})[-./](?:\d{2}|\d{4})?$")  # day or month first; "6.9."


@lru_cache(maxsize=2**17)  # the names of a panel and of references are read several times in a run
def date_genes(name: str) -> tuple[str, ...]:
    """Return the genes whose names a spreadsheet converts to this date; several if ambiguous.

    Examples
    --------
    >>> date_genes("6-Sep"), date_genes("1-Mrz"), date_genes("CD3E")
    (('SEPTIN6',), ('MARCHF1', 'MTARC1'), ())
    """
    return tuple(dict.fromkeys(symbol for day, month in _readings(name) for symbol in _genes_of(day, month)))


def is_date(name: str) -> bool:
    """Return whether a name is a date, and not a gene symbol."""
    if _ISO.match(name) or _NUMERIC.match(name):
        return True
    return any(month in _SYMBOLS for _, month in _readings(name)) and name not in known_names()


def _readings(name: str) -> list[tuple[int, int]]:
    """Return day and month of a date; both readings of a date that may begin with either."""
    if (match := _DAY_MONTH.match(name)) and (month := _MONTH_OF.get(match.group(2).lower())):
        return [(int(match.group(1)), month)]
    if (match := _MONTH_DAY.match(name)) and match.group(1).lower() in _FIRST:
        return [(int(match.group(2)), _MONTH_OF[match.group(1).lower()])]
    if match := _ISO.match(name):
        return [(int(match.group(2)), int(match.group(1)))]
    if match := _NUMERIC.match(name):
        one, other = int(match.group(1)), int(match.group(2))
        return [(one, other), (other, one)]
    return []


def _genes_of(day: int, month: int) -> tuple[str, ...]:
    for stems in _SYMBOLS.get(month, ()):
        genes = [symbol for stem in stems for symbol in former_symbols().get(f"{stem}{day}", ())]
        if genes:
            return tuple(genes)
    return ()
