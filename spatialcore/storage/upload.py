"""Bringing a local file to a store: under a temporary name, checked there, and only then under its own."""

import hashlib
import os
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, StorageError
from spatialcore.storage.connections import connect
from spatialcore.storage.faults import AlteredError, TruncatedError, attempt
from spatialcore.storage.policy import MB, Policy
from spatialcore.storage.progress import Advance, progress_bar
from spatialcore.storage.stat import Stat, stat, stat_local
from spatialcore.storage.stored import PART_SUFFIX
from spatialcore.storage.uri import Location, canonical

log = get_logger(__name__)

_MOST_PARTS: Final = 9_000  # S3 takes 10,000


def upload(source: Path, location: Location) -> tuple[Stat, str]:
    """Store a file and return what the store then says of it, and its sha256."""
    before = stat_local(source)
    if location.is_local:
        stored, digest = _copy(source, Path(location.path))
    else:
        stored, digest = _send(source, location, before)
    if stat_local(source) != before:
        raise StorageError(
            f"{source} changed while it was stored", hint="store it again when it is no longer written to"
        )
    return stored, digest


def _copy(source: Path, target: Path) -> tuple[Stat, str]:
    def once() -> str:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}{PART_SUFFIX}")
        digest = hashlib.sha256()
        try:
            with source.open("rb") as stream, part.open("xb") as copy:
                while block := stream.read(MB):
                    digest.update(block)
                    copy.write(block)
                copy.flush()
                os.fsync(copy.fileno())
            replace_local(part, target)
        finally:
            part.unlink(missing_ok=True)
        return digest.hexdigest()

    digest = attempt(once, what=f"put {target}")
    return stat_local(target), digest


def replace_local(part: Path, target: Path) -> None:
    """Move a finished file to its name; its modification time is always later than that of what it replaces.

    Two writes within one tick of the file system's clock, or a clock set back, would otherwise give one token to two
    versions.
    """
    if target.exists():
        least = target.stat().st_mtime_ns + 1
        if part.stat().st_mtime_ns < least:
            os.utime(part, ns=(least, least))
        shutil.copymode(target, part)
    part.replace(target)


def _send(source: Path, location: Location, before: Stat) -> tuple[Stat, str]:
    size = before.size or 0
    chunk = _chunk(size)
    what = f"put {canonical(location.uri)}"
    temporary = Location(location.scheme, f"{location.path}.{uuid.uuid4().hex[:12]}{PART_SUFFIX}")
    with ThreadPoolExecutor(1) as pool:
        digests = pool.submit(_digests, source, chunk if location.scheme == "s3" else 0)

        def once() -> None:
            _send_once(source, temporary, chunk)
            _check(temporary, size, *digests.result()[1:])

        try:
            attempt(once, what=what)
            attempt(lambda: _rename(temporary, location), what=what)
        finally:
            _remove(temporary)
    return stat(location), digests.result()[0]


def _chunk(size: int) -> int:
    """Return the bytes of one part; GCS wants multiples of 256 kB."""
    block = Policy.from_environment().block
    least = -(-size // _MOST_PARTS)
    return max(block, -(-least // MB) * MB)


def _digests(source: Path, chunk: int) -> tuple[str, str, set[str]]:
    """Return sha256, MD5, and the entity tags that S3 may give to this content."""
    sha256, md5, parts = hashlib.sha256(), hashlib.md5(usedforsecurity=False), []
    with source.open("rb") as stream:
        while block := stream.read(chunk or MB):
            sha256.update(block)
            md5.update(block)
            if chunk:
                parts.append(hashlib.md5(block, usedforsecurity=False).digest())
    whole = hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
    return sha256.hexdigest(), md5.hexdigest(), {md5.hexdigest(), f"{whole}-{len(parts)}"}


def _send_once(source: Path, temporary: Location, chunk: int) -> None:
    if not source.is_file():
        raise FileMissingError(f"no file at {source}")
    system, temporary = connect(temporary)
    options: dict[str, Any] = {} if temporary.scheme == "memory" else {"chunksize": chunk}
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


def _check(temporary: Location, size: int, md5: str, etags: set[str]) -> None:
    stored = stat(temporary)
    if stored.size != size:
        raise TruncatedError(f"{stored.size} of {size:,} bytes arrived")
    plain_md5 = stored.md5 and stored.md5 != md5
    tag = temporary.scheme == "s3" and "-" in stored.etag and stored.etag not in etags
    if plain_md5 or tag:
        raise AlteredError(f"the store's checksum is {stored.md5 or stored.etag}, not that of the file")


def _rename(temporary: Location, location: Location) -> None:
    """Give the checked object its name; the copy is made inside the store and is visible only when whole."""
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
