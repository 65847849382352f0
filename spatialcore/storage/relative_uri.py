"""URIs relative to a store, which records contain, so that a store can be moved and copied."""

from pathlib import Path
from typing import Final

from spatialcore.storage.uri import canonical, is_writable, join

IN_STORE: Final = "store://"  # the rest of the URI is relative to the store of the record


def root_of(store: str | Path) -> str:
    """Return the canonical spelling of a store's URI, without a slash at its end.

    Parameters
    ----------
    store
        Folder or URI of the store.

    Returns
    -------
    str
        The URI without a trailing slash.

    Examples
    --------
    >>> root_of("s3a://lab/store/")
    's3://lab/store'
    """
    return canonical(join(store, "x")).removesuffix("/x")


def relative(store: str | Path, uri: str) -> str:
    """Return ``store://...`` for a file in a store, and any other URI unchanged.

    Parameters
    ----------
    store
        Folder or URI of the store.
    uri
        URI of a file.

    Returns
    -------
    str
        The URI to record.

    Examples
    --------
    >>> relative("s3://lab/store", "s3://lab/store/samples/lung/a.h5ad")
    'store://samples/lung/a.h5ad'
    >>> relative("s3://lab/store", "s3://lab/other/a.h5ad")
    's3://lab/other/a.h5ad'
    """
    if not uri or not is_writable(uri):
        return uri
    inside = canonical(uri).removeprefix(root_of(store) + "/")
    return uri if inside == canonical(uri) else IN_STORE + inside


def resolve(store: str | Path, uri: str) -> str:
    """Return the URI of ``store://...`` in a store, and any other URI unchanged.

    Parameters
    ----------
    store
        Folder or URI of the store.
    uri
        URI as recorded.

    Returns
    -------
    str
        The URI.

    Examples
    --------
    >>> resolve("gs://lab/moved", "store://samples/lung/a.h5ad")
    'gs://lab/moved/samples/lung/a.h5ad'
    """
    return f"{root_of(store)}/{uri.removeprefix(IN_STORE)}" if uri.startswith(IN_STORE) else uri
