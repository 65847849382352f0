"""Whether a file exists, and its size and version: one request, for files of any size."""

from pathlib import Path

from spatialcore.errors import FileMissingError
from spatialcore.storage.location import Location
from spatialcore.storage.types import Stat
from spatialcore.storage.uri import parse_uri


def stat(uri: str | Path | Location) -> Stat:
    """Return size and version token of a file.

    Parameters
    ----------
    uri
        Path or URI of the file.

    Returns
    -------
    Stat
        Size in bytes, version token, and checksum if the store has one.

    Raises
    ------
    FileMissingError
        If there is no such file.

    Examples
    --------
    >>> from spatialcore.storage import put_text
    >>> _ = put_text("cells", "memory://bucket/stat.txt")
    >>> stat("memory://bucket/stat.txt").size
    5
    """
    location = uri if isinstance(uri, Location) else parse_uri(uri)
    return location.attempt("stat", lambda: location.backend.stat(location.path))


def token(uri: str | Path) -> str:
    """Return the version token of a file, which changes with each change of the file.

    Parameters
    ----------
    uri
        Path or URI of the file.

    Returns
    -------
    str
        The token; its form depends on the store.

    Raises
    ------
    FileMissingError
        If there is no such file.

    Examples
    --------
    >>> from spatialcore.storage import put_text
    >>> first = put_text("cells", "memory://bucket/token.txt")
    >>> second = put_text("other cells", "memory://bucket/token.txt")
    >>> token("memory://bucket/token.txt") == second.token, second.token == first.token
    (True, False)
    """
    return stat(uri).token


def exists(uri: str | Path) -> bool:
    """Return whether a file exists. A denied access is an error.

    Parameters
    ----------
    uri
        Path or URI of the file.

    Returns
    -------
    bool
        False only if the store answers that the file does not exist.

    Examples
    --------
    >>> exists("memory://bucket/no-such-file.txt")
    False
    """
    try:
        stat(uri)
    except FileMissingError:
        return False
    return True
