"""Parse the Range header of a request."""

import re
from typing import Final

NOT_SATISFIABLE: Final = (-1, -1)
_ONE: Final = re.compile(r"bytes=(\d{0,30})-(\d{0,30})")


def requested_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the requested part of a file.

    Parameters
    ----------
    header
        Value of ``Range``; empty without the header.
    size
        Size of the file in bytes.

    Returns
    -------
    tuple of int, or None
        Offset of the first byte and the offset after the last one. None: the whole file, also for several ranges or an
        invalid header, as RFC 9110 allows. ``NOT_SATISFIABLE``: the range is outside the file.

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
