"""From a source to its place in a store, once."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.core.provenance import digest_of, sha256_of_file
from spatialcore.errors import InputError
from spatialcore.sources.base import Source

log = get_logger(__name__)

_HDF5: Final = b"\x89HDF\r\n\x1a\n"


def deliver(origin: Source, output: str | Path, *, force: bool = False) -> str:
    """Fetch a reference and store it with its manifest; nothing is done where it is there already, whole.

    Raises
    ------
    InputError
        If the output holds another reference, or a file that no manifest knows, and `force` is not set.
    """
    target = storage.parse_uri(output)
    if not force and _is_there(target, origin):
        log.info("%s is there already", storage.canonical(target.uri))
        return target.uri
    with tempfile.TemporaryDirectory(prefix=".spatialcore-", dir=_beside(target)) as folder:
        local = Path(folder) / origin.name
        metadata = origin.fetch(local)
        check_content(local, origin.uri)
        if not force:
            _refuse_to_replace(target, local)
        storage.put(local, target.uri, metadata={**metadata, "retrieved": now(), "request": _request(origin)})
    return target.uri


def now() -> str:
    """Return the time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


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
