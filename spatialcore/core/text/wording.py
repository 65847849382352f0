"""Numbers and lists in messages: *1 cell*, *2 cells*, *12.5 %*, *a, b and 3 more*."""

from collections.abc import Iterable


def number_of(n: int, noun: str, plural: str = "") -> str:
    """Return a number and its noun.

    Returns
    -------
    str
        The noun is plural unless the number is 1.

    Examples
    --------
    >>> number_of(1, "reference"), number_of(1200, "query", "queries")
    ('1 reference', '1,200 queries')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def percent(share: float, digits: int = 1) -> str:
    """Return a share in per cent; only 0 and 1 become 0 % and 100 %, other shares are not rounded to these.

    Examples
    --------
    >>> percent(0.125), percent(0.0001), percent(0.9999), percent(1.0, 0)
    ('12.5 %', '<0.1 %', '>99.9 %', '100 %')
    """
    text, step = f"{100 * share:.{digits}f}", 10.0**-digits
    if share > 0 and float(text) == 0:
        return f"<{step:.{digits}f} %"
    if share < 1 and float(text) == 100:
        return f">{100 - step:.{digits}f} %"
    return f"{text} %"


def list_names(names: Iterable[object], most: int = 12) -> str:
    """Return names in one line; those beyond the first ``most`` are counted at the end.

    Returns
    -------
    str
        Names, separated by commas.

    Examples
    --------
    >>> list_names(["B cell", "T cell", "NK cell"], 2)
    'B cell, T cell and 1 more'
    """
    texts = [str(name) for name in names]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more
