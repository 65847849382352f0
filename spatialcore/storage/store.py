"""Files and small objects in a store: local, memory://, s3://, gs://, and http(s):// to read from.

Nothing is visible under its name before it is whole and checked. A file put with `put` has a manifest, written last,
with size, sha256, version token and where it came from: an object beside it, or a file in the hidden folder
``.spatialcore`` beside it. A manifest that speaks of another version is not believed.
"""

import hashlib
from pathlib import Path
from typing import Any

from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, InputError
from spatialcore.storage.connections import connect
from spatialcore.storage.download import download
from spatialcore.storage.faults import attempt
from spatialcore.storage.stat import Stat, stat
from spatialcore.storage.stored import Manifest, StoredFile, is_ours, manifest_uri
from spatialcore.storage.stream import stream
from spatialcore.storage.upload import upload
from spatialcore.storage.uri import WRITABLE, Location, canonical, parse_uri
from spatialcore.storage.write import write

log = get_logger(__name__)


def put(local: str | Path, uri: str | Path, *, metadata: dict[str, Any] | None = None) -> StoredFile:
    """Store a file: streamed, checked in the store, visible in one step, its manifest last.

    Parameters
    ----------
    local
        The file.
    uri
        Where it goes: a path, ``s3://``, ``gs://`` or ``memory://``.
    metadata
        What to keep in the manifest: source, citation, licence and the like. JSON values; no secrets.

    Raises
    ------
    StorageError
        If the store refuses (TransientStorageError if it kept failing).

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("/tmp/example.txt").write_text("cells")
    >>> put("/tmp/example.txt", "memory://bucket/example.txt").size
    5
    """
    location = _writable(uri)
    seen, digest = upload(Path(local), location)
    file = _stored(location, seen, digest)
    put_text(Manifest.of(file, metadata).text(), manifest_uri(location.uri))
    log.debug("stored %s (%.1f MB)", file.uri, file.size / 1e6)
    return file


def get(uri: str | Path, local: str | Path) -> StoredFile:
    """Fetch a file: streamed, resumed where an earlier try stopped, checked, visible in one step.

    The sha256 of the manifest is compared where there is one for this version, else the store's own checksum.

    Raises
    ------
    FileMissingError
        If there is no such file.
    StorageError
        If the store refuses, or the disk is full (TransientStorageError if the store kept failing).
    """
    location = parse_uri(uri)

    def sha256_of(seen: Stat) -> str | None:
        manifest = _manifest_of(location, seen)
        return manifest.file.sha256 if manifest else None

    seen, digest = download(location, Path(local), sha256_of=sha256_of)
    return _stored(location, seen, digest)


def describe(uri: str | Path) -> StoredFile:
    """Return token, sha256 and size of a file; it is read through only where no manifest speaks of this version."""
    location = parse_uri(uri)
    seen = stat(location)
    manifest = _manifest_of(location, seen)
    if manifest:
        return manifest.file

    def digest() -> str:
        sha256 = hashlib.sha256()
        stream(location, seen, 0, seen.size, sha256.update)
        return sha256.hexdigest()

    return _stored(location, seen, attempt(digest, what=f"read {canonical(location.uri)}"))


def read_manifest(uri: str | Path) -> Manifest | None:
    """Return the manifest of a file, or None where there is none for the version that is there."""
    location = parse_uri(uri)
    try:
        return _manifest_of(location, stat(location))
    except FileMissingError:
        return None


def _manifest_of(location: Location, seen: Stat) -> Manifest | None:
    if location.scheme not in WRITABLE:
        return None
    beside = manifest_uri(location.uri)
    try:
        manifest = Manifest.parse(read_text(beside), origin=beside)
    except FileMissingError:
        return None
    return manifest if manifest and manifest.file.token == seen.token else None


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
    location = _writable(uri)
    return _stored(location, write(data, location), hashlib.sha256(data).hexdigest())


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
    location = _writable(uri)
    return _stored(location, write(data, location, only_over=""), hashlib.sha256(data).hexdigest())


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
    location = _writable(uri)
    return _stored(location, write(data, location, only_over=expected), hashlib.sha256(data).hexdigest())


def read_versioned(uri: str | Path) -> tuple[bytes, str]:
    """Return the content of a small object and the token that belongs to it, for `put_if`."""

    def once() -> tuple[bytes, str]:
        before = token(uri)
        data = read_bytes(uri)
        if token(uri) != before:
            raise InterruptedError(f"{canonical(uri)} changed while it was read")
        return data, before

    return attempt(once, what=f"read {canonical(uri)}")


def list_files(uri: str | Path) -> list[str]:
    """Return the URIs of all files below a folder, sorted; manifests and unfinished transfers are left out."""
    text = str(uri).rstrip("/") + "/"
    location = parse_uri(text + "x")
    folder = location.path.removesuffix("/x")

    def once() -> list[str]:
        system, _ = connect(location)
        return [str(path) for path in system.find(folder)]

    found = attempt(once, what=f"list {canonical(text + 'x').removesuffix('x')}")
    paths = [path.lstrip("/") if location.scheme == "memory" else path for path in found]
    return sorted(Location(location.scheme, path).uri for path in paths if not is_ours(path))


def delete(uri: str | Path) -> None:
    """Remove a file and its manifest; nothing happens where there is none."""
    location = _writable(uri)

    def remove(path: str) -> None:
        system, _ = connect(location)
        try:
            system.rm_file(path)
        except FileNotFoundError:
            return

    for path in (parse_uri(manifest_uri(location.uri)).path, location.path):
        attempt(lambda path=path: remove(path), what=f"remove {canonical(location.uri)}")  # type: ignore[misc]


def _writable(uri: str | Path) -> Location:
    location = parse_uri(uri)
    if location.scheme not in WRITABLE:
        raise InputError(f"{location.scheme}:// can be read, not written", hint="give a path, s3:// or gs://")
    return location


def _stored(location: Location, seen: Stat, digest: str) -> StoredFile:
    return StoredFile(uri=canonical(location.uri), token=seen.token, sha256=digest, size=seen.size or 0)
