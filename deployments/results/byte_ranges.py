"""The Range header of a request: which bytes of a file are asked for."""

import re
from typing import Final

NOT_SATISFIABLE: Final = (-1, -1)
_ONE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def requested_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last.

    Parameters
    ----------
    header
        Value of ``Range``; empty where there is none.
    size
        Bytes of the file.

    Returns
    -------
    tuple or None
        None: the whole file, also where several ranges are asked for or the header cannot be read, as RFC 9110
        allows. ``NOT_SATISFIABLE``: nothing of the file lies there.

    Examples
    --------
    >>> requested_range("bytes=2-4", 10), requested_range("bytes=-3", 10), requested_range("bytes=7-", 10)
    ((2, 5), (7, 10), (7, 10))
    """
    match = _ONE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), size if not last else int(last) + 1
    if last and first and int(last) < int(first):
        return None
    return (start, min(end, size)) if start < size and start < end else NOT_SATISFIABLE
