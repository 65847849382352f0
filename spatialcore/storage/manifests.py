"""Manifests: the record beside each stored file with its size, sha256, version token and origin.

A manifest is written last: an object beside its file, or a file in the hidden folder ``.spatialcore`` beside a local
file. One that names another version token is ignored. Its URI is the one the file was stored at, and is ignored too
after both have been copied elsewhere.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError
from spatialcore.storage.file_stat import stat
from spatialcore.storage.location import Location
from spatialcore.storage.objects import put_text, read_text
from spatialcore.storage.types import Manifest, Stat, StoredFile
from spatialcore.storage.uri import parse_uri

log = get_logger(__name__)


def manifest_uri(uri: str) -> str:
    """Return the URI of a file's manifest.

    Parameters
    ----------
    uri
        Path or URI of the file.

    Returns
    -------
    str
        URI of the manifest.

    Examples
    --------
    >>> manifest_uri("s3://bucket/a.h5ad")
    's3://bucket/a.h5ad.manifest.json'
    >>> manifest_uri("/data/a.h5ad")
    '/data/.spatialcore/a.h5ad.manifest.json'
    """
    return _manifest_location(parse_uri(uri)).uri


def read_manifest(uri: str | Path) -> Manifest | None:
    """Return the manifest of a file, or None if there is none for its present version.

    Parameters
    ----------
    uri
        Path or URI of the file.

    Returns
    -------
    Manifest or None
        The manifest with the file's digest and its metadata.

    Examples
    --------
    >>> read_manifest("memory://bucket/no-such-file.txt") is None
    True
    """
    location = parse_uri(uri)
    try:
        return manifest_of(location, stat(location))
    except FileMissingError:
        return None


def describe(uri: str | Path) -> StoredFile:
    """Return token, sha256 and size of a file; the file is read only if no manifest describes this version.

    Parameters
    ----------
    uri
        Path or URI of the file.

    Returns
    -------
    StoredFile
        URI, version token, sha256 and size in bytes.

    Raises
    ------
    FileMissingError
        If there is no such file.

    Examples
    --------
    >>> from spatialcore.storage import put_text
    >>> describe(put_text("cells", "memory://bucket/describe.txt").uri).size
    5
    """
    location = parse_uri(uri)
    current = stat(location)
    manifest = manifest_of(location, current)
    return manifest.file if manifest else _digest(location, current)


def recognised(file: StoredFile) -> StoredFile | None:
    """Return a file with its present token if its content is unchanged, else None.

    Copying a store gives its files other version tokens. A file whose size matches is then read, once: its manifest is
    written again for the present version.

    Parameters
    ----------
    file
        The file as it was recorded.

    Returns
    -------
    StoredFile or None
        The file with its present token.

    Examples
    --------
    >>> from spatialcore.storage import put_text
    >>> file = put_text("cells", "memory://bucket/recognised.txt")
    >>> recognised(file) == file
    True
    """
    location = parse_uri(file.uri)
    try:
        current = stat(location)
    except FileMissingError:
        return None
    if current.token == file.token:
        return file
    if current.size != file.size:
        return None
    manifest = manifest_of(location, current)
    present = manifest.file if manifest else _digest(location, current)
    if present.sha256 != file.sha256:
        return None
    return present if manifest else write_manifest(present)


def write_manifest(file: StoredFile, metadata: Mapping[str, object] | None = None) -> StoredFile:
    """Write the manifest of a file that was just stored or read, and return the file."""
    put_text(Manifest.of(file, metadata).text(), manifest_uri(file.uri))
    log.debug("stored %s (%.1f MB)", file.uri, file.size / 1e6)
    return file


def manifest_of(location: Location, current: Stat) -> Manifest | None:
    """Return the manifest of a file if it describes this version."""
    if not location.backend.writable:
        return None
    uri = _manifest_location(location).uri
    try:
        manifest = Manifest.parse(read_text(uri), origin=uri)
    except FileMissingError:
        return None
    if manifest is None or manifest.file.token != current.token:
        return None
    # Both may have been copied elsewhere: the file is the one beside the manifest.
    return manifest.model_copy(update={"file": manifest.file.model_copy(update={"uri": location.canonical})})


def _manifest_location(location: Location) -> Location:
    return Location(location.scheme, location.backend.manifest_path(location.path))


def _digest(location: Location, current: Stat) -> StoredFile:
    """Read a file for its sha256."""

    def read() -> str:
        sha256 = hashlib.sha256()
        location.backend.stream(location.path, current, 0, current.size, sha256.update)
        return sha256.hexdigest()

    return StoredFile.from_stat(location.canonical, current, location.attempt("read", read))
