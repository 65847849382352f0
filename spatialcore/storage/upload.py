"""Bringing a local file to a store: whole and checked before it is visible, whatever the store."""

import hashlib
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, StorageError
from spatialcore.storage.connections import connect
from spatialcore.storage.faults import AlteredError, TruncatedError, attempt
from spatialcore.storage.local import copy_local, take_local
from spatialcore.storage.multipart import send_in_parts
from spatialcore.storage.policy import MB, Policy
from spatialcore.storage.progress import Advance, progress_bar
from spatialcore.storage.stat import Stat, stat, stat_local
from spatialcore.storage.stored import PART_SUFFIX
from spatialcore.storage.uri import Location, canonical

log = get_logger(__name__)

Confirm = Callable[[], None]


def upload(source: Path, location: Location, *, move: bool = False) -> tuple[Stat, str]:
    """Store a file and return what the store then says of it, and its sha256.

    Parameters
    ----------
    source
        The file.
    location
        Its place.
    move
        The file is not needed where it is: a file system may give it its new name and spare the copy.

    Raises
    ------
    StorageError
        If the store refuses, or the file changes while it is read; then nothing is stored.
    """
    before = stat_local(source)

    def confirm() -> None:
        if stat_local(source) != before:
            raise StorageError(
                f"{source} changed while it was stored", hint="store it again when it is no longer written to"
            )

    what = f"put {canonical(location.uri)}"
    if location.is_local:
        place = take_local if move else copy_local
        return attempt(lambda: place(source, Path(location.path), confirm), what=what)
    if location.scheme == "s3":
        return attempt(lambda: send_in_parts(source, location, before.size or 0, confirm), what=what)
    return _send_aside(source, location, before.size or 0, confirm)


def _send_aside(source: Path, location: Location, size: int, confirm: Confirm) -> tuple[Stat, str]:
    """Send a file under a temporary name; the copy to its own name is made inside the store, in one step.

    For GCS, where such a copy moves no data, and whose resumable uploads take no checksum at their end.
    """
    what = f"put {canonical(location.uri)}"
    temporary = Location(location.scheme, f"{location.path}.{uuid.uuid4().hex[:12]}{PART_SUFFIX}")
    with ThreadPoolExecutor(1) as pool:
        digests = pool.submit(_digests, source)

        def once() -> None:
            _send_once(source, temporary)
            _check(temporary, size, digests.result()[1])

        try:
            attempt(once, what=what)
            confirm()
            attempt(lambda: _rename(temporary, location), what=what)
        finally:
            _remove(temporary)
    return stat(location), digests.result()[0]


def _digests(source: Path) -> tuple[str, str]:
    """Return sha256 and MD5 of a file, read once."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with source.open("rb") as stream:
        while block := stream.read(MB):
            sha256.update(block)
            md5.update(block)
    return sha256.hexdigest(), md5.hexdigest()


def _send_once(source: Path, temporary: Location) -> None:
    if not source.is_file():
        raise FileMissingError(f"no file at {source}")
    system, temporary = connect(temporary)
    options: dict[str, Any] = {"chunksize": Policy.from_environment().block} if temporary.scheme == "gs" else {}
    with progress_bar(source.name, source.stat().st_size) as advance:
        system.put_file(str(source), temporary.path, callback=_telling(advance), **options)


def _telling(advance: Advance) -> Any:
    """Return an fsspec callback that hands on how many bytes were sent."""
    from fsspec.callbacks import Callback

    callback = Callback()
    seen = 0

    def note(_size: int | None, value: int, **_: Any) -> None:
        nonlocal seen
        advance(value - seen)
        seen = value

    callback.hooks = {"bytes": note}
    return callback


def _check(temporary: Location, size: int, md5: str) -> None:
    stored = stat(temporary)
    if stored.size != size:
        raise TruncatedError(f"{stored.size} of {size:,} bytes arrived")
    if stored.md5 and stored.md5 != md5:
        raise AlteredError(f"the store's MD5 is {stored.md5}, not that of the file")


def _rename(temporary: Location, location: Location) -> None:
    system, _ = connect(location)
    system.cp_file(temporary.path, location.path)


def _remove(temporary: Location) -> None:
    def once() -> None:
        system, _ = connect(temporary)
        with suppress(FileNotFoundError):
            system.rm_file(temporary.path)

    try:
        attempt(once, what=f"remove {canonical(temporary.uri)}")
    except StorageError as error:
        log.warning("an unfinished upload is left behind: %s", error)
