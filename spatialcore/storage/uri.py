"""URIs: parsed, joined, and in the one spelling that keys, logs and manifests use."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from spatialcore.errors import InputError
from spatialcore.storage.backends import ALIASES, SCHEMES, backend_of
from spatialcore.storage.location import Location

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*)://")


def scheme_of(uri: str | Path) -> str:
    """Return the scheme of a URI in its canonical spelling; ``file`` for a path.

    Parameters
    ----------
    uri
        Path or URI.

    Returns
    -------
    str
        The scheme, such as ``s3`` or ``file``.

    Examples
    --------
    >>> scheme_of("s3a://bucket/a.h5ad"), scheme_of("a.h5ad"), scheme_of("cellxgene://hlca")
    ('s3', 'file', 'cellxgene')
    """
    match = _SCHEME.match(str(uri))
    scheme = match.group(1).lower() if match else "file"
    return ALIASES.get(scheme, scheme)


def parse_uri(uri: str | Path) -> Location:
    """Parse a path or URI.

    Parameters
    ----------
    uri
        Path or URI of a file.

    Returns
    -------
    Location
        The URI with its backend and the path within it.

    Raises
    ------
    InputError
        If the scheme is not supported, or a bucket or key is missing.

    Examples
    --------
    >>> parse_uri("s3://bucket/references/lung.h5ad").name
    'lung.h5ad'
    """
    text = str(uri).strip()
    if not text:
        raise InputError("an empty path or URI", hint="pass a path, s3://bucket/key, gs://bucket/key or https://...")
    scheme = scheme_of(text)
    return Location(scheme, backend_of(scheme).parse(text))


def connect(uri: str | Path | Location) -> tuple["AbstractFileSystem", Location]:
    """Return the fsspec file system of a URI, and its location there.

    Parameters
    ----------
    uri
        Path or URI of a file.

    Returns
    -------
    tuple of AbstractFileSystem and Location
        The file system, and the location on it.

    Raises
    ------
    DependencyError
        If the client library of the store is not installed.

    Examples
    --------
    >>> system, location = connect("memory://bucket/a.txt")
    >>> system.exists(location.path)
    False
    """
    location = uri if isinstance(uri, Location) else parse_uri(uri)
    return location.backend.file_system(location.path), location


def canonical(uri: str | Path) -> str:
    """Return the spelling of a URI for keys, logs and manifests: without passwords and signatures.

    Parameters
    ----------
    uri
        Path or URI.

    Returns
    -------
    str
        The URI.

    Examples
    --------
    >>> canonical("https://me:hunter22@Example.org/a b.h5ad?part=1&token=hunter22")
    'https://example.org/a%20b.h5ad?part=1'
    """
    return parse_uri(uri).canonical


def join(uri: str | Path, *parts: str) -> str:
    """Return the URI of a file below a folder's URI.

    Parameters
    ----------
    uri
        Path or URI of the folder.
    *parts
        Names of folders and of the file, joined by slashes.

    Returns
    -------
    str
        The URI or path.

    Examples
    --------
    >>> join("s3://lab/store/", "samples", "a.h5ad")
    's3://lab/store/samples/a.h5ad'
    """
    return "/".join([str(uri).rstrip("/"), *(part.strip("/") for part in parts)])


def local_path(uri: str | Path) -> Path | None:
    """Return the absolute path of a file of this machine; None for any other URI, of a source for example.

    Parameters
    ----------
    uri
        Path or URI.

    Returns
    -------
    Path or None
        The path; None for a remote URI.

    Examples
    --------
    >>> local_path("/data/a.h5ad").as_posix()
    '/data/a.h5ad'
    >>> local_path("s3://lab/a.h5ad") is None
    True
    """
    return parse_uri(uri).local_path if str(uri) and scheme_of(uri) in SCHEMES else None


def is_writable(uri: str | Path) -> bool:
    """Return whether files can be stored at a URI of this scheme.

    Parameters
    ----------
    uri
        Path or URI.

    Returns
    -------
    bool
        False for sources that can only be read.

    Examples
    --------
    >>> is_writable("s3://lab/a.h5ad"), is_writable("https://example.org/a.h5ad"), is_writable("cellxgene://hlca")
    (True, False, False)
    """
    scheme = scheme_of(uri)
    return scheme in SCHEMES and backend_of(scheme).writable


def parse_writable(uri: str | Path) -> Location:
    """Parse a path or URI to write to.

    Raises
    ------
    InputError
        If the store is read-only.
    """
    location = parse_uri(uri)
    if not location.backend.writable:
        raise InputError(
            f"cannot write to {location.scheme}://: it is read-only",
            hint="give a path, or a URI such as s3:// or gs://",
        )
    return location
