"""Small objects of a store, read whole and written in one request: whatever was there, or under a condition."""

import hashlib
from pathlib import Path

from spatialcore.errors import FileMissingError, InputError
from spatialcore.storage.connections import connect
from spatialcore.storage.faults import attempt
from spatialcore.storage.stat import stat
from spatialcore.storage.stored import StoredFile
from spatialcore.storage.uri import canonical, parse_uri, writable
from spatialcore.storage.write import write


def token(uri: str | Path) -> str:
    """Return the version token of a file: it changes whenever the file does.

    Raises
    ------
    FileMissingError
        If there is no such file.
    """
    return stat(uri).token


def exists(uri: str | Path) -> bool:
    """Tell whether there is a file of this name. A refusal is an error, not a no."""
    try:
        stat(uri)
    except FileMissingError:
        return False
    return True


def read_bytes(uri: str | Path) -> bytes:
    """Return the content of a small file."""
    location = parse_uri(uri)
    if location.is_local:
        stat(location)
    what = f"read {canonical(location.uri)}"

    # s3fs would ask for the size first, to know whether to read in pieces.
    how = {"max_concurrency": 1} if location.scheme == "s3" else {}

    def once() -> bytes:
        system, place = connect(location)
        content: bytes = system.cat_file(place.path, **how)
        return content

    return attempt(once, what=what)


def read_text(uri: str | Path) -> str:
    """Return the text of a small file."""
    return read_bytes(uri).decode()


def put_bytes(data: bytes, uri: str | Path) -> StoredFile:
    """Store a small object in one request, whatever was there before."""
    location = writable(uri)
    return StoredFile.seen(location, write(data, location), hashlib.sha256(data).hexdigest())


def put_text(text: str, uri: str | Path) -> StoredFile:
    """Store a small text in one request, whatever was there before."""
    return put_bytes(text.encode(), uri)


def put_new(data: bytes, uri: str | Path) -> StoredFile:
    """Store a small object only if nothing has its name: of any number of writers one wins.

    Raises
    ------
    ConflictError
        If there is something already (also a FileExistsError).
    """
    location = writable(uri)
    return StoredFile.seen(location, write(data, location, only_over=""), hashlib.sha256(data).hexdigest())


def put_if(data: bytes, uri: str | Path, *, expected: str) -> StoredFile:
    """Store a small object only over the version with this token: a pointer moves once, whoever else wants to.

    Parameters
    ----------
    data
        The new content.
    uri
        The object.
    expected
        The token that was read before (`token`, or `StoredFile.token`).

    Raises
    ------
    ConflictError
        If the object has another version by now, or is gone.
    """
    if not expected:
        raise InputError("an empty version token", hint="use put_new for an object that is not there yet")
    location = writable(uri)
    return StoredFile.seen(location, write(data, location, only_over=expected), hashlib.sha256(data).hexdigest())


def read_versioned(uri: str | Path) -> tuple[bytes, str]:
    """Return the content of a small object and the token that belongs to it, for `put_if`."""

    def once() -> tuple[bytes, str]:
        before = token(uri)
        data = read_bytes(uri)
        if token(uri) != before:
            raise InterruptedError(f"{canonical(uri)} changed while it was read")
        return data, before

    return attempt(once, what=f"read {canonical(uri)}")
