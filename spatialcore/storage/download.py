"""Bringing one object to a local file: in blocks, resumable, checked, and visible only when whole."""

import errno
import fcntl
import hashlib
import os
import shutil
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from spatialcore.core.logging import get_logger
from spatialcore.core.provenance import digest_of
from spatialcore.errors import StorageError
from spatialcore.storage.connections import connect
from spatialcore.storage.faults import AlteredError, TruncatedError, attempt
from spatialcore.storage.policy import Policy
from spatialcore.storage.progress import Advance, progress_bar
from spatialcore.storage.stat import Stat, stat
from spatialcore.storage.stored import PART_SUFFIX
from spatialcore.storage.uri import Location, canonical

log = get_logger(__name__)


class _Digests:
    """The digests of what has been written so far: sha256 always, MD5 where there is one to compare."""

    def __init__(self, *, md5: bool) -> None:
        self.sha256 = hashlib.sha256()
        self.md5 = hashlib.md5(usedforsecurity=False) if md5 else None

    def update(self, block: bytes) -> None:
        self.sha256.update(block)
        if self.md5 is not None:
            self.md5.update(block)


def download(location: Location, target: Path, *, sha256: str | None = None) -> tuple[Stat, str]:
    """Fetch an object and return what the store says of it, and its sha256.

    Parameters
    ----------
    location
        The object.
    target
        Its place on this machine; appears when everything has been checked, in one step.
    sha256
        The digest that it must have, where it is known; else the store's own MD5 is compared where there is one.
    """
    what = f"get {canonical(location.uri)}"

    def once() -> tuple[Stat, str]:
        seen = stat(location)
        _check_space(seen.size, target)
        with _part_of(target, location, seen) as part:
            digest = _fill(part, location, seen, sha256)
            Path(part.name).replace(target)
        return seen, digest

    target.parent.mkdir(parents=True, exist_ok=True)
    return attempt(once, what=what)


def _check_space(size: int | None, target: Path) -> None:
    free = shutil.disk_usage(target.parent).free
    if size is not None and size > free:
        raise StorageError(
            f"no space left: {target.name} needs {size / 1e6:,.0f} MB and {target.parent} has {free / 1e6:,.0f} MB",
            hint="free some space or choose another folder",
        )


@contextmanager
def _part_of(target: Path, location: Location, seen: Stat) -> Iterator[BinaryIO]:
    """Open, alone, the unfinished copy of this version of this object; what an earlier try left in it is kept."""
    version = digest_of([canonical(location.uri), seen.token, seen.size])[:12]
    path = target.with_name(f".{target.name}.{version}{PART_SUFFIX}")
    while True:
        part = path.open("a+b")
        fcntl.flock(part, fcntl.LOCK_EX)
        if path.exists() and os.fstat(part.fileno()).st_ino == path.stat().st_ino:
            break
        part.close()  # whoever held it has finished and renamed it
    try:
        yield part
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            with suppress(OSError):
                path.unlink()
        raise
    finally:
        part.close()


def _fill(part: BinaryIO, location: Location, seen: Stat, sha256: str | None) -> str:
    """Append what is missing and return the sha256; a copy that fails its check is emptied."""
    digests = _Digests(md5=bool(seen.md5) and sha256 is None)
    done = _take_up(part, seen, digests)
    with progress_bar(location.name, seen.size) as advance:
        advance(done)
        done += _append(part, blocks(location, seen, start=done), digests, advance)
    part.flush()
    os.fsync(part.fileno())
    try:
        _check(location, seen, done, digests, sha256)
    except AlteredError:
        part.truncate(0)
        raise
    return digests.sha256.hexdigest()


def _take_up(part: BinaryIO, seen: Stat, digests: _Digests) -> int:
    """Digest what an earlier try has left, and return how much it is."""
    size = os.fstat(part.fileno()).st_size
    if seen.size is None or size > seen.size:
        part.truncate(0)
        return 0
    part.seek(0)
    while block := part.read(1 << 20):
        digests.update(block)
    if size:
        log.info("going on after %.1f MB", size / 1e6)
    return size


def _append(part: BinaryIO, source: Iterator[bytes], digests: _Digests, advance: Advance) -> int:
    count = 0
    for block in source:
        part.write(block)
        digests.update(block)
        count += len(block)
        advance(len(block))
    return count


def _check(location: Location, seen: Stat, done: int, digests: _Digests, sha256: str | None) -> None:
    if seen.size is not None and done < seen.size:
        raise TruncatedError(f"{done:,} of {seen.size:,} bytes came")
    if seen.size is not None and done > seen.size:
        raise AlteredError(f"{done:,} bytes came instead of {seen.size:,}")
    if sha256 is not None and digests.sha256.hexdigest() != sha256:
        raise AlteredError(f"sha256 is {digests.sha256.hexdigest()}, not {sha256}")
    if digests.md5 is not None and digests.md5.hexdigest() != seen.md5:
        raise AlteredError(f"MD5 is {digests.md5.hexdigest()}, not {seen.md5}")
    if stat(location).token != seen.token:
        raise AlteredError("it was replaced while it was read")


def blocks(location: Location, seen: Stat, *, start: int = 0) -> Iterator[bytes]:
    """Yield the bytes of an object in order, from an offset on; a few blocks are in memory at a time."""
    system, location = connect(location)
    if location.scheme in {"http", "https"}:
        yield from _stream(system, location, start)
    elif location.is_local:
        yield from _read(Path(location.path), start)
    elif seen.size is not None:
        yield from _ranges(system, location, start, seen.size)


def _read(path: Path, start: int) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(start)
        while block := stream.read(1 << 20):
            yield block


def _ranges(system: Any, location: Location, start: int, size: int) -> Iterator[bytes]:
    """Ask for several ranges at once; each is tried again by itself."""
    policy = Policy.from_environment()
    offsets = iter(range(start, size, policy.block))

    def fetch(offset: int) -> bytes:
        end = min(offset + policy.block, size)
        block: bytes = system.cat_file(location.path, start=offset, end=end)
        if len(block) != end - offset:
            raise TruncatedError(f"{len(block):,} of {end - offset:,} bytes came at {offset:,}")
        return block

    def fetch_again(offset: int) -> bytes:
        return attempt(lambda: fetch(offset), what=f"get {canonical(location.uri)} at {offset:,}", policy=policy)

    with ThreadPoolExecutor(policy.streams) as pool:
        waiting: deque[Future[bytes]] = deque()
        try:
            for offset in offsets:
                waiting.append(pool.submit(fetch_again, offset))
                if len(waiting) >= policy.streams:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _stream(system: Any, location: Location, start: int) -> Iterator[bytes]:
    """Read one HTTP body; a server that ignores the range sends what we have once more, which is skipped."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with system.open(location.path, "rb", block_size=0, headers=headers) as body:
        skip = start if start and body.r.status != 206 else 0
        while block := body.read(1 << 20):
            dropped = min(skip, len(block))
            skip -= dropped
            if block[dropped:]:
                yield block[dropped:]
