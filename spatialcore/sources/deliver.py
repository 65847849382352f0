"""Copy a reference from its source into a store."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.core.on_disk.containers import refuse_external_links
from spatialcore.core.provenance import digest_of, sha256_of_file
from spatialcore.errors import InputError
from spatialcore.sources.base import Source

log = get_logger(__name__)

_HDF5: Final = b"\x89HDF\r\n\x1a\n"


def deliver(origin: Source, output: str | Path, *, force: bool = False) -> str:
    """Download a reference and store it with a manifest, unless the output already has this reference.

    Parameters
    ----------
    origin
        Source of the reference.
    output
        Path or URI of the file to write.
    force
        Download again and replace the output.

    Returns
    -------
    str
        Path or URI of the file.

    Raises
    ------
    InputError
        The output has another reference or a file without a manifest, and `force` is not set.
    """
    target = storage.parse_uri(output)
    if not force and _is_stored(target, origin):
        log.info("%s is already stored", storage.canonical(target.uri))
        return target.uri
    with tempfile.TemporaryDirectory(prefix=".spatialcore-", dir=_download_folder(target)) as folder:
        local = Path(folder) / origin.name
        metadata = origin.fetch(local)
        check_content(local, origin.uri)
        if target.name.lower().endswith(".h5ad"):
            check_h5ad(local, origin.uri)
        if not force:
            _refuse_to_replace(target, local)
        storage.put(local, target.uri, metadata={**metadata, "retrieved": now(), "request": _request(origin)})
    return target.uri


def now() -> str:
    """Return the current time in UTC, with a resolution of seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def check_content(path: Path, uri: str) -> None:
    """Raise if a downloaded .h5ad or .h5 file is not HDF5, such as an error page; the file is removed.

    Raises
    ------
    InputError
        The file is not an HDF5 file.
    """
    if path.suffix.lower() not in {".h5ad", ".h5", ".hdf5"}:
        return
    with path.open("rb") as stream:
        start = stream.read(64)
    if not start.startswith(_HDF5):
        path.unlink()
        raise InputError(
            f"{uri} is not an HDF5 file: it starts with {start[:24]!r}",
            hint="check the address: it may be a web page about the file",
        )


def check_h5ad(path: Path, uri: str) -> None:
    """Refuse what is to be stored under a name that ends in .h5ad and is no such file; it is removed.

    Raises
    ------
    InputError
        The bytes are not those of an HDF5 file with obs and var, or parts of it lie in other files.
    """
    try:
        refuse_external_links(path)
        complete = _has_obs_and_var(path)
    except (InputError, OSError):
        path.unlink()
        raise
    if not complete:
        with path.open("rb") as stream:
            start = stream.read(24)
        path.unlink()
        raise InputError(
            f"{uri} is not an h5ad file: it begins with {start!r}, and has no obs and var",
            hint="check the address: it may be a web page about the file, or another format",
        )


def _has_obs_and_var(path: Path) -> bool:
    import h5py

    if not h5py.is_hdf5(path):
        return False
    with h5py.File(path, "r") as file:
        return {"obs", "var"} <= set(file)


def _is_stored(target: storage.Location, origin: Source) -> bool:
    """Return whether the output is this reference; raise if it is another one."""
    manifest = storage.read_manifest(target.uri) if storage.exists(target.uri) else None
    if manifest is None:
        return False
    if manifest.metadata.get("request") != _request(origin):
        raise InputError(
            f"{manifest.file.uri} contains {manifest.metadata.get('source', 'another reference')}, not {origin.uri}",
            hint="pass another output, or force=True to replace it",
        )
    return True


def _refuse_to_replace(target: storage.Location, local: Path) -> None:
    """Raise if the output is a file without a manifest that differs from the downloaded one.

    A file with a manifest of another version was written by this package and is truncated or modified: it is replaced.
    """
    if not storage.exists(target.uri) or storage.exists(storage.manifest_uri(target.uri)):
        return
    if storage.describe(target.uri).sha256 != sha256_of_file(local):
        raise InputError(
            f"{storage.canonical(target.uri)} exists and has no manifest",
            hint="pass another output, or force=True to replace it",
        )


def _request(origin: Source) -> str:
    return digest_of(origin.uri)


def _download_folder(target: storage.Location) -> str | None:
    """Return the folder for the download: that of a local output, so that the space is needed once."""
    if not target.is_local:
        return None
    folder = Path(target.path).parent
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)
