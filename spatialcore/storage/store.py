"""Files and small objects in a store: local, memory://, s3://, gs://, and http(s):// to read from.

Nothing is visible under its name before it is whole and checked. A file put with `put` has a manifest, written last,
with size, sha256, version token and where it came from: an object beside it, or a file in the hidden folder
``.spatialcore`` beside it. A manifest that speaks of another version is not believed; the address in it says where the
file was put, and means nothing once both have been copied elsewhere.
"""

import hashlib
from pathlib import Path
from typing import Any

from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError
from spatialcore.storage.connections import connect
from spatialcore.storage.copying import copy_within
from spatialcore.storage.download import download
from spatialcore.storage.faults import attempt
from spatialcore.storage.objects import put_text, read_text
from spatialcore.storage.stat import Stat, stat
from spatialcore.storage.stored import Manifest, StoredFile, manifest_uri
from spatialcore.storage.stream import stream
from spatialcore.storage.upload import upload
from spatialcore.storage.uri import WRITABLE, Location, canonical, parse_uri, writable

log = get_logger(__name__)


def put(
    local: str | Path, uri: str | Path, *, metadata: dict[str, Any] | None = None, move: bool = False
) -> StoredFile:
    """Store a file: streamed, checked in the store, visible in one step, its manifest last.

    Parameters
    ----------
    local
        The file.
    uri
        Where it goes: a path, ``s3://``, ``gs://`` or ``memory://``.
    metadata
        What to keep in the manifest: source, citation, licence and the like. JSON values; no secrets.
    move
        The file is given away: where it lies on the file system of the store it is renamed, not copied, and is then
        gone. Elsewhere it stays and may be removed.

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
    location = writable(uri)
    seen, digest = upload(Path(local), location, move=move)
    return _described(StoredFile.seen(location, seen, digest), metadata)


def copy(file: StoredFile, uri: str | Path) -> StoredFile:
    """Copy a stored file to another place of its store: the store does it, no byte travels.

    Parameters
    ----------
    file
        What is to be copied, this very version.
    uri
        Where it goes: another name in the same kind of store. The manifest's metadata are not copied.

    Raises
    ------
    ConflictError
        If the file is another by now.
    FileMissingError
        If it is gone.
    InputError
        If the target is in another kind of store: `get` and `put` carry files there.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("/tmp/example.txt").write_text("cells")
    >>> first = put("/tmp/example.txt", "memory://bucket/example.txt")
    >>> copy(first, "memory://bucket/runs/example.txt").sha256 == first.sha256
    True
    """
    location = writable(uri)
    return _described(StoredFile.seen(location, copy_within(file, location), file.sha256), None)


def _described(file: StoredFile, metadata: dict[str, Any] | None) -> StoredFile:
    """Write the manifest of a file that has just been stored, or read through."""
    put_text(Manifest.of(file, metadata).text(), manifest_uri(file.uri))
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
    return StoredFile.seen(location, seen, digest)


def describe(uri: str | Path) -> StoredFile:
    """Return token, sha256 and size of a file; it is read through only where no manifest speaks of this version."""
    location = parse_uri(uri)
    seen = stat(location)
    manifest = _manifest_of(location, seen)
    return manifest.file if manifest else _read_through(location, seen)


def recognised(file: StoredFile) -> StoredFile | None:
    """Return a file as it is now if its content is what it was, else None.

    Copying a store gives its files other version tokens. One whose size fits is then read through, once: its manifest
    is written anew, and speaks of the version that is there.
    """
    location = parse_uri(file.uri)
    try:
        seen = stat(location)
    except FileMissingError:
        return None
    if seen.token == file.token:
        return file
    if seen.size != file.size:
        return None
    known = _manifest_of(location, seen)
    now = known.file if known else _read_through(location, seen)
    if now.sha256 != file.sha256:
        return None
    return now if known else _described(now, None)


def _read_through(location: Location, seen: Stat) -> StoredFile:
    def digest() -> str:
        sha256 = hashlib.sha256()
        stream(location, seen, 0, seen.size, sha256.update)
        return sha256.hexdigest()

    return StoredFile.seen(location, seen, attempt(digest, what=f"read {canonical(location.uri)}"))


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
    if manifest is None or manifest.file.token != seen.token:
        return None
    # It lies beside its file, and was copied together with it: where it was found is where the file is.
    return manifest.model_copy(update={"file": manifest.file.model_copy(update={"uri": canonical(location.uri)})})


def delete(uri: str | Path) -> None:
    """Remove a file and its manifest; nothing happens where there is none."""
    location = writable(uri)

    def remove(path: str) -> None:
        system, _ = connect(location)
        try:
            system.rm_file(path)
        except FileNotFoundError:
            return

    for path in (parse_uri(manifest_uri(location.uri)).path, location.path):
        attempt(lambda path=path: remove(path), what=f"remove {canonical(location.uri)}")  # type: ignore[misc]
