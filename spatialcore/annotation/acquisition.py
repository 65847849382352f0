"""Phase 1: a reference from any source to any store, and any URI to a local file."""

import tempfile
from pathlib import Path
from typing import Any, Final

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.core.provenance import digest_of, sha256_of_file
from spatialcore.errors import FileMissingError, InputError, TransientStorageError
from spatialcore.sources.base import Source, open_source
from spatialcore.storage import cache
from spatialcore.storage.secrets import remember_secret

log = get_logger(__name__)

_HDF5: Final = b"\x89HDF\r\n\x1a\n"


def acquire_reference(source: str, output: str | Path, force: bool = False, **kwargs: Any) -> str:
    """Fetch a reference from a source and store it.

    Parameters
    ----------
    source
        ``cellxgene://key``, ``cellxgene://dataset/<uuid>``, ``cellxgene://?tissue=lung&disease=normal``,
        ``synapse://syn123``, or a file: a path, ``https://``, ``s3://``, ``gs://``.
    output
        Where to store it: a path, ``s3://bucket/key`` or ``gs://bucket/key``.
    force
        Fetch again even if the output is there.
    **kwargs
        What the source takes: ``max_cells``, ``random_state``, ``auth_token`` ...

    Returns
    -------
    str
        Path or URI of the stored reference. Its manifest lies beside it (``.manifest.json``).

    Raises
    ------
    InputError
        If source or options are not understood, or the output holds another reference.
    FileMissingError, StorageError
        If source or store refuse.

    Examples
    --------
    >>> acquire_reference("cellxgene://human_lung_cell_atlas", "s3://my-bucket/hlca.h5ad")  # doctest: +SKIP
    's3://my-bucket/hlca.h5ad'
    """
    remember_secret(kwargs.get("auth_token"))
    origin = open_source(source, **kwargs)
    target = storage.parse_uri(output)
    if not force and _is_there(target, origin):
        log.info("%s is there already", storage.canonical(target.uri))
        return target.uri
    with tempfile.TemporaryDirectory(prefix="spatialcore-", dir=_beside(target)) as folder:
        local = Path(folder) / origin.name
        metadata = origin.fetch(local)
        check_content(local, origin.uri)
        if not force:
            _refuse_to_replace(target, local)
        storage.put(local, target.uri, metadata={**metadata, "request": _request(origin)})
    return target.uri


def resolve_uri_to_local(uri: str | Path, cache_dir: Path | None = None, force: bool = False) -> Path:
    """Return a local path with the content of a URI, fetching it where needed.

    Parameters
    ----------
    uri
        Anything that `acquire_reference` takes as a source. A local path is returned as it is.
    cache_dir
        Where copies are kept; default ``~/.spatialcore/cache/references``.
    force
        Fetch again even if a good copy of this version is there.

    Raises
    ------
    FileMissingError
        If there is no such file.
    StorageError
        If the store refuses, or cannot be reached and no copy is kept.
    """
    if storage.scheme_of(uri) == "file":
        path = Path(storage.parse_uri(uri).path)
        if not path.exists():
            raise FileMissingError(f"no reference at {path}", hint="check the spelling of the path")
        return path
    return resolve(open_source(uri), cache_dir=cache_dir, force=force).path


def resolve(origin: Source, *, cache_dir: Path | None = None, force: bool = False) -> cache.CacheEntry:
    """Return the cache entry of a source: local path, version token, sha256 and where it came from."""
    folder = Path(cache_dir) if cache_dir is not None else None
    try:
        token = origin.token()
    except TransientStorageError:
        kept = None if force else cache.latest(origin.uri, folder)
        if kept is None:
            raise
        log.warning("%s cannot be asked for its version: the copy kept here is used", origin.uri)
        return kept

    def fetch(target: Path) -> dict[str, Any]:
        metadata = origin.fetch(target)
        check_content(target, origin.uri)
        return metadata

    return cache.cached(origin.uri, token, fetch, name=origin.name, cache_dir=folder, force=force)


def check_content(path: Path, uri: str) -> None:
    """Refuse an error page or the like in the place of an HDF5 file; it is removed.

    Raises
    ------
    InputError
        If a file that is called ``.h5ad`` or ``.h5`` is no HDF5 file.
    """
    if path.suffix.lower() not in {".h5ad", ".h5", ".hdf5"}:
        return
    with path.open("rb") as stream:
        start = stream.read(64)
    if not start.startswith(_HDF5):
        path.unlink()
        raise InputError(
            f"{uri} is no HDF5 file: it begins with {start[:24]!r} ({len(start)} of its bytes seen)",
            hint="check the address: it may be a web page about the file",
        )


def _is_there(target: storage.Location, origin: Source) -> bool:
    """Tell whether the output holds this reference, whole; another reference there is an error."""
    manifest = storage.read_manifest(target.uri) if storage.exists(target.uri) else None
    if manifest is None:
        return False
    if manifest.metadata.get("request") != _request(origin):
        raise InputError(
            f"{manifest.file.uri} holds {manifest.metadata.get('source', 'another reference')}, not {origin.uri}",
            hint="choose another output, or force=True to replace it",
        )
    return True


def _refuse_to_replace(target: storage.Location, local: Path) -> None:
    """Raise if the output is a file that no manifest knows and that is not the one just fetched.

    A file whose manifest speaks of another version was ours and has been cut or altered: that one is replaced.
    """
    if not storage.exists(target.uri) or storage.exists(storage.manifest_uri(target.uri)):
        return
    if storage.describe(target.uri).sha256 != sha256_of_file(local):
        raise InputError(
            f"{storage.canonical(target.uri)} is there and nothing says what it is",
            hint="choose another output, or force=True to replace it",
        )


def _request(origin: Source) -> str:
    return digest_of(origin.uri)


def _beside(target: storage.Location) -> str | None:
    """Return the folder for the download: the output's own, so that space is needed once and in one place."""
    if not target.is_local:
        return None
    folder = Path(target.path).parent
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)
