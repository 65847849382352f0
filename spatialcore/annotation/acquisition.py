"""Download references from any source to any store, and resolve URIs to local files."""

import re
from pathlib import Path
from typing import Unpack

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.core.types import JsonObject
from spatialcore.errors import FileMissingError, TransientStorageError
from spatialcore.sources.base import Source, SourceOptions, open_source
from spatialcore.sources.deliver import check_content, deliver, now
from spatialcore.sources.folders import fetch_folder, versions_in
from spatialcore.storage import cache
from spatialcore.storage.secrets import remember_secret

log = get_logger(__name__)


def acquire_reference(source: str, output: str | Path, force: bool = False, **kwargs: Unpack[SourceOptions]) -> str:
    """Copy a reference from a source to a path or URI.

    Parameters
    ----------
    source
        ``cellxgene://key``, ``cellxgene://dataset/<uuid>``, ``cellxgene://?tissue=lung&disease=normal``,
        ``synapse://syn123``, or a file: a path, ``https://``, ``s3://``, ``gs://``.
    output
        Where to store it: a path, ``s3://bucket/key`` or ``gs://bucket/key``.
    force
        Fetch again even if the output exists.
    **kwargs
        Options of the source: ``max_cells``, ``random_state``, ``auth_token`` ...

    Returns
    -------
    str
        Path or URI of the stored reference. Its manifest records the origin (`provenance_of`).

    Raises
    ------
    InputError
        The source or an option is not supported, or the output is another reference.
    FileMissingError, StorageError
        If the source or the store fails.

    Examples
    --------
    >>> import tempfile
    >>> from spatialcore.demo import simulated_data
    >>> path = f"{tempfile.mkdtemp()}/reference.h5ad"
    >>> simulated_data()[1].write_h5ad(path)
    >>> acquire_reference(path, "memory://bucket/reference.h5ad")
    'memory://bucket/reference.h5ad'
    >>> acquire_reference("cellxgene://human_lung_cell_atlas", "s3://bucket/hlca.h5ad")  # doctest: +SKIP
    's3://bucket/hlca.h5ad'
    """
    remember_secret(kwargs.get("auth_token"))
    return deliver(open_source(source, **kwargs), output, force=force)


def resolve_uri_to_local(uri: str | Path, cache_dir: Path | None = None, force: bool = False) -> Path:
    """Return a local path with the content of a URI, which is downloaded if necessary.

    Parameters
    ----------
    uri
        A source of `acquire_reference`, or a folder of a bucket (output of a platform, zarr). All files of a folder are
        downloaded except images, transcripts and outlines. A local path is returned unchanged.
    cache_dir
        Folder of the cached copies; default ``~/.spatialcore/cache/references``.
    force
        Download again even if a valid copy of this version is cached.

    Returns
    -------
    Path
        The file or folder.

    Raises
    ------
    FileMissingError
        If the file does not exist.
    StorageError
        If the store fails, or cannot be reached and no copy is cached.

    Examples
    --------
    >>> import tempfile
    >>> from spatialcore.storage import put_text
    >>> uri = put_text("CD3D", "memory://bucket/panel.txt").uri
    >>> resolve_uri_to_local(uri, Path(tempfile.mkdtemp())).read_text()
    'CD3D'
    """
    if (path := storage.local_path(uri)) is not None:
        if not path.exists():
            raise FileMissingError(f"no such file or folder: {path}", hint=_path_hint(uri))
        return path
    try:
        return resolve(open_source(uri), cache_dir=cache_dir, force=force).path
    except FileMissingError:
        if versions := versions_in(str(uri)):
            return fetch_folder(str(uri), versions, cache_dir=cache_dir, force=force)
        raise


def _path_hint(uri: str | Path) -> str:
    """Return why a local path may not exist."""
    text = str(uri)
    if "$" in text:
        return "variables of the shell are not replaced in configuration files: write the path itself"
    if scheme := re.match(r"(s3|gs|az|abfs|https?|cellxgene|synapse|file):/(?!/)", text, re.IGNORECASE):
        return f"a URI has two slashes: {scheme.group(1)}://"
    if re.match(r"[A-Za-z]:\\", text):
        return "a path of Windows: in WSL, C:\\data is /mnt/c/data"
    path = Path(text.removeprefix("file://")).expanduser()
    file, colon, column = text.rpartition(":")
    if colon and Path(file).expanduser().exists():
        return f"the file is {file}: leave out {colon + column!r}, a column is stated for references only"
    if path.is_symlink():
        return f"it is a link to {path.readlink()}, which does not exist"
    if not path.is_absolute():
        return f"check the spelling of the path; relative paths start from the current folder, {Path.cwd()}"
    return "check the spelling of the path"


def resolve(origin: Source, *, cache_dir: Path | None = None, force: bool = False) -> cache.CacheEntry:
    """Return the cache entry of a source: local path, version token, sha256 and origin."""
    folder = Path(cache_dir) if cache_dir is not None else None
    try:
        token = origin.token()
    except TransientStorageError:
        cached = None if force else cache.latest(origin.uri, folder)
        if cached is None:
            raise
        log.warning("cannot read the version of %s: using the cached copy", origin.uri)
        return cached

    def fetch(target: Path) -> JsonObject:
        metadata = origin.fetch(target)
        check_content(target, origin.uri)
        return {**metadata, "retrieved": now()}

    return cache.cached(origin.uri, token, fetch, name=origin.name, cache_dir=folder, force=force)


def provenance_of(path: str | Path) -> JsonObject:
    """Return the origin of a local reference: source, data sets, citation, licence, release, time of retrieval.

    It is read from the cache entry or from the file's manifest; empty if neither records this version.
    """
    file = Path(path)
    entry = cache.entry_of(file)
    if entry is not None:
        return {"uri": entry.uri, "token": entry.token, "sha256": entry.sha256, "size": entry.size, **entry.metadata}
    manifest = storage.read_manifest(file) if file.is_file() else None
    if manifest is None:
        return {}
    return {**manifest.file.model_dump(), **manifest.metadata}
