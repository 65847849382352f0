"""Small objects of a store, read whole and written in one request, with or without a condition."""

import hashlib
import uuid
from pathlib import Path

from spatialcore.errors import ConflictError, FileMissingError, InputError
from spatialcore.storage.file_stat import stat, token
from spatialcore.storage.location import Location
from spatialcore.storage.types import StoredFile
from spatialcore.storage.uri import parse_uri, parse_writable


def read_bytes(uri: str | Path) -> bytes:
    """Return the content of a small file.

    Parameters
    ----------
    uri
        Path or URI of the file.

    Returns
    -------
    bytes
        The whole content.

    Raises
    ------
    FileMissingError
        If there is no such file.

    Examples
    --------
    >>> read_bytes(put_bytes(b"cells", "memory://bucket/read.txt").uri)
    b'cells'
    """
    location = parse_uri(uri)
    return location.attempt("read", lambda: location.backend.read(location.path))


def read_text(uri: str | Path) -> str:
    """Return the text of a small file.

    Parameters
    ----------
    uri
        Path or URI of the file.

    Returns
    -------
    str
        The content, decoded as UTF-8.

    Examples
    --------
    >>> read_text(put_text("cells", "memory://bucket/read.txt").uri)
    'cells'
    """
    return read_bytes(uri).decode()


def read_versioned(uri: str | Path) -> tuple[bytes, str]:
    """Return the content of a small file and its version token, for `put_if`.

    Parameters
    ----------
    uri
        Path or URI of the file.

    Returns
    -------
    tuple of bytes and str
        Content and version token.

    Raises
    ------
    FileMissingError
        If there is no such file.

    Examples
    --------
    >>> file = put_text("cells", "memory://bucket/read.txt")
    >>> read_versioned(file.uri) == (b"cells", file.token)
    True
    """

    def read() -> tuple[bytes, str]:
        before = token(uri)
        data = read_bytes(uri)
        if token(uri) != before:
            raise InterruptedError(f"{parse_uri(uri).canonical} changed while it was read")
        return data, before

    return parse_uri(uri).attempt("read", read)


def put_bytes(data: bytes, uri: str | Path) -> StoredFile:
    """Store a small object in one request; an existing object is replaced.

    Parameters
    ----------
    data
        The content.
    uri
        Path or URI of the object.

    Returns
    -------
    StoredFile
        URI, version token, sha256 and size in bytes.

    Examples
    --------
    >>> put_bytes(b"cells", "memory://bucket/put.txt").size
    5
    """
    return _write(data, uri, only_over=None)


def put_text(text: str, uri: str | Path) -> StoredFile:
    """Store a small text in one request; an existing object is replaced.

    Parameters
    ----------
    text
        The content, encoded as UTF-8.
    uri
        Path or URI of the object.

    Returns
    -------
    StoredFile
        URI, version token, sha256 and size in bytes.

    Examples
    --------
    >>> put_text("cells", "memory://bucket/put.txt").size
    5
    """
    return put_bytes(text.encode(), uri)


def put_new(data: bytes, uri: str | Path) -> StoredFile:
    """Store a small object only if none of this name exists; of several concurrent writers, one succeeds.

    Parameters
    ----------
    data
        The content.
    uri
        Path or URI of the object.

    Returns
    -------
    StoredFile
        URI, version token, sha256 and size in bytes.

    Raises
    ------
    ConflictError
        If the object exists already (also a FileExistsError).

    Examples
    --------
    >>> put_new(b"writer 1", "memory://bucket/new.txt").size
    8
    >>> put_new(b"writer 2", "memory://bucket/new.txt")
    Traceback (most recent call last):
        ...
    spatialcore.errors.ConflictError: cannot write memory://bucket/new.txt: it exists already
      -> another process wrote it first: read it again
    """
    return _write(data, uri, only_over="")


def put_if(data: bytes, uri: str | Path, *, expected: str) -> StoredFile:
    """Replace a small object only if it has this version token; of several concurrent writers, one succeeds.

    Parameters
    ----------
    data
        The new content.
    uri
        The object.
    expected
        The token of the version to replace (`token`, or `StoredFile.token`).

    Returns
    -------
    StoredFile
        URI, version token, sha256 and size in bytes.

    Raises
    ------
    ConflictError
        If the object has another version by now, or does not exist.

    Examples
    --------
    >>> first = put_text("version 1", "memory://bucket/pointer.txt")
    >>> put_if(b"version 2", first.uri, expected=first.token).size
    9
    """
    if not expected:
        raise InputError("an empty version token", hint="use put_new for an object that does not exist yet")
    return _write(data, uri, only_over=expected)


def _write(data: bytes, uri: str | Path, *, only_over: str | None) -> StoredFile:
    """Store a small object.

    If the answer to a conditional request is lost and the request is repeated, the object that violates the condition
    may be our own: it carries the mark of this write, and that counts as success.
    """
    location = parse_writable(uri)
    backend, mark = location.backend, uuid.uuid4().hex
    try:
        stored = location.attempt("put", lambda: backend.write(location.path, data, only_over=only_over, mark=mark))
    except ConflictError:
        if _mark_of(location) != mark:
            raise
        stored = stat(location)
    return StoredFile.from_stat(location.canonical, stored, hashlib.sha256(data).hexdigest())


def _mark_of(location: Location) -> str:
    """Return the mark of the write that made an object, or an empty text."""
    try:
        return location.attempt("stat", lambda: location.backend.mark_of(location.path))
    except FileMissingError:
        return ""
