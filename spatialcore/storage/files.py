"""Files in a store: local, memory://, s3://, gs://, az://, and http(s):// to read from.

A file is visible under its name only when it is complete and checked, and has a manifest (`storage.manifests`), which
is written last; a copy can be recorded by its caller instead.
"""

from collections.abc import Mapping
from pathlib import Path

from spatialcore.errors import ConflictError, InputError, StorageError
from spatialcore.storage.backends.base import Info
from spatialcore.storage.backends.local import stat_file
from spatialcore.storage.download import download
from spatialcore.storage.file_stat import stat
from spatialcore.storage.location import Location
from spatialcore.storage.manifests import manifest_of, write_manifest
from spatialcore.storage.retry import attempt
from spatialcore.storage.types import Stat, StoredFile, is_internal
from spatialcore.storage.uri import parse_uri, parse_writable


def put(
    local: str | Path, uri: str | Path, *, metadata: Mapping[str, object] | None = None, move: bool = False
) -> StoredFile:
    """Store a file: streamed, checked in the store, visible in one step, its manifest last.

    Parameters
    ----------
    local
        The file.
    uri
        Its target: a path, ``s3://``, ``gs://``, ``az://`` or ``memory://``.
    metadata
        Metadata for the manifest: source, citation, licence and the like. JSON values; no secrets.
    move
        The local file is no longer needed: on the file system of the store it is renamed instead of copied; elsewhere
        it remains and may be removed.

    Returns
    -------
    StoredFile
        URI, version token, sha256 and size in bytes.

    Raises
    ------
    StorageError
        If the store refuses (TransientStorageError after the last attempt).

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("/tmp/example.txt").write_text("cells")
    >>> put("/tmp/example.txt", "memory://bucket/example.txt").size
    5
    """
    location = parse_writable(uri)
    stored, digest = _upload(Path(local), location, move=move)
    return write_manifest(StoredFile.from_stat(location.canonical, stored, digest), metadata)


def _upload(source: Path, location: Location, *, move: bool) -> tuple[Stat, str]:
    before = stat_file(source)

    def confirm() -> None:
        if stat_file(source) != before:
            raise StorageError(
                f"{source} changed while it was uploaded", hint="upload it again when nothing writes to it any more"
            )

    size = before.size or 0
    return location.attempt("put", lambda: location.backend.upload(source, location.path, size, confirm, move=move))


def copy(file: StoredFile, uri: str | Path, *, manifest: bool = True) -> StoredFile:
    """Copy a stored file within its store, without a download.

    Parameters
    ----------
    file
        The version to copy.
    uri
        The target: another name in the same kind of store. The metadata of the manifest are not copied.
    manifest
        Write a manifest for the copy. False saves a request where the caller records the copy, such as the manifest
        of a run.

    Returns
    -------
    StoredFile
        The copy: URI, version token, sha256 and size in bytes.

    Raises
    ------
    ConflictError
        If the file has another version by now.
    FileMissingError
        If it does not exist any more.
    InputError
        If the target is in another kind of store: use `get` and `put`.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("/tmp/example.txt").write_text("cells")
    >>> first = put("/tmp/example.txt", "memory://bucket/example.txt")
    >>> copy(first, "memory://bucket/runs/example.txt").sha256 == first.sha256
    True
    """
    source, target = parse_uri(file.uri), parse_writable(uri)
    if source.backend != target.backend:
        raise InputError(
            f"{file.uri} cannot be copied to {target.scheme}://", hint="download it with get, and store it with put"
        )

    def confirm() -> None:
        _stat_version(file, source)

    pinned = source.backend.copies_version
    before = Stat(file.token, file.size, etag=file.token) if pinned else _stat_version(file, source)
    copied = attempt(
        lambda: source.backend.copy(source.path, target.path, before, confirm),
        what=f"copy {file.uri} to {target.canonical}",
        sign_in=source.backend.sign_in,
    )
    stored = StoredFile.from_stat(target.canonical, copied, file.sha256)
    return write_manifest(stored) if manifest else stored


def _stat_version(file: StoredFile, source: Location) -> Stat:
    """Return the stat of a file if it is still this version."""
    current = stat(source)
    if current.token != file.token:
        raise ConflictError(f"{file.uri} was replaced by another version", hint="look it up again")
    return current


def get(uri: str | Path, local: str | Path) -> StoredFile:
    """Download a file: streamed, resumed after an interruption, checked, visible in one step.

    The sha256 of the manifest is compared if there is one for this version, else the store's own checksum.

    Parameters
    ----------
    uri
        The file.
    local
        The path to download it to.

    Returns
    -------
    StoredFile
        URI, version token, sha256 and size in bytes.

    Raises
    ------
    FileMissingError
        If there is no such file.
    StorageError
        If the store refuses, or the disk is full (TransientStorageError after the last attempt).

    Examples
    --------
    >>> from spatialcore.storage import put_text
    >>> get(put_text("cells", "memory://bucket/get.txt").uri, "/tmp/get.txt").size
    5
    """
    location = parse_uri(uri)

    def expected_sha256(current: Stat) -> str | None:
        manifest = manifest_of(location, current)
        return manifest.file.sha256 if manifest else None

    current, digest = download(location, Path(local), expected_sha256=expected_sha256)
    return StoredFile.from_stat(location.canonical, current, digest)


def delete(uri: str | Path) -> None:
    """Remove a file and its manifest; it is no error if there is none.

    Parameters
    ----------
    uri
        Path or URI of the file.

    Examples
    --------
    >>> from spatialcore.storage import exists, put_text
    >>> file = put_text("cells", "memory://bucket/delete.txt")
    >>> delete(file.uri)
    >>> exists(file.uri)
    False
    """
    location = parse_writable(uri)
    backend = location.backend
    location.attempt("delete", lambda: backend.delete(backend.manifest_path(location.path)))
    location.attempt("delete", lambda: backend.delete(location.path))


def list_files(uri: str | Path) -> list[str]:
    """Return the URIs of all files below a folder, sorted, without manifests and unfinished transfers.

    Parameters
    ----------
    uri
        Path or URI of the folder.

    Returns
    -------
    list of str
        URIs, sorted.

    Examples
    --------
    >>> from spatialcore.storage import put_text
    >>> _ = [put_text("cells", f"memory://bucket/folder/{name}") for name in ("b.txt", "a.txt")]
    >>> list_files("memory://bucket/folder")
    ['memory://bucket/folder/a.txt', 'memory://bucket/folder/b.txt']
    """
    return [location.uri for location, _ in _find(uri)]


def list_versions(uri: str | Path) -> dict[str, str]:
    """Return the version token of each file below a folder, by its URI, in one request.

    Parameters
    ----------
    uri
        Path or URI of the folder.

    Returns
    -------
    dict of str to str
        URI -> version token.

    Examples
    --------
    >>> from spatialcore.storage import put_text
    >>> file = put_text("cells", "memory://bucket/versions/a.txt")
    >>> list_versions("memory://bucket/versions") == {file.uri: file.token}
    True
    """
    return {location.uri: location.backend.stat_of(info).token for location, info in _find(uri)}


def _find(uri: str | Path) -> list[tuple[Location, Info]]:
    inside = parse_uri(str(uri).rstrip("/") + "/x")
    folder = Location(inside.scheme, inside.path.removesuffix("/x"))
    entries = folder.attempt("list", lambda: folder.backend.find(folder.path))
    locations = (
        (Location(folder.scheme, path), info)
        for path, info in entries.items()
        if not (is_internal(path) or _is_placeholder(path, info, folder.path))
    )
    return sorted(locations, key=lambda entry: entry[0].uri)


def _is_placeholder(path: str, info: Info, folder: str) -> bool:
    """Return whether an entry stands for a folder: web consoles make an empty object whose name ends in a slash."""
    return path.endswith("/") or path.strip("/") == folder.strip("/") or info.get("type") == "directory"
