"""Bringing one object to a local file: in several streams, resumable, checked, and visible only when whole."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from spatialcore.core.logging import get_logger
from spatialcore.errors import StorageError
from spatialcore.storage.faults import AlteredError, TruncatedError, attempt
from spatialcore.storage.part import PartFile, part_of
from spatialcore.storage.progress import progress_bar
from spatialcore.storage.ranges import fetch
from spatialcore.storage.stat import Stat, stat
from spatialcore.storage.uri import Location, canonical

log = get_logger(__name__)


class _Digests:
    """The digests of what is there so far: sha256 always, MD5 where there is one to compare."""

    def __init__(self, *, md5: bool) -> None:
        self.sha256 = hashlib.sha256()
        self.md5 = hashlib.md5(usedforsecurity=False) if md5 else None

    def update(self, block: bytes) -> None:
        self.sha256.update(block)
        if self.md5 is not None:
            self.md5.update(block)


def download(location: Location, target: Path, *, sha256_of: Callable[[Stat], str | None]) -> tuple[Stat, str]:
    """Fetch an object and return what the store says of it, and its sha256.

    Parameters
    ----------
    location
        The object.
    target
        Its place on this machine; appears when everything has been checked, in one step.
    sha256_of
        Returns the digest that a version must have, where it is known; else the store's own MD5 is compared where there
        is one.
    """

    def once() -> tuple[Stat, str]:
        seen = stat(location)
        expected = sha256_of(seen)
        with part_of(target, location, seen) as part:
            _check_space(seen.size, part, target)
            digest = _fill(part, location, seen, expected, target)
        return seen, digest

    target.parent.mkdir(parents=True, exist_ok=True)
    return attempt(once, what=f"get {canonical(location.uri)}")


def _check_space(size: int | None, part: PartFile, target: Path) -> None:
    free = shutil.disk_usage(target.parent).free
    missing = (size or 0) - part.on_disk
    if missing > free:
        raise StorageError(
            f"no space left: {target.name} needs {missing / 1e6:,.1f} MB more and {target.parent} has "
            f"{free / 1e6:,.1f} MB",
            hint="free some space or choose another folder",
        )


def _fill(part: PartFile, location: Location, seen: Stat, expected: str | None, target: Path) -> str:
    """Fetch what is missing, check the whole, give it its name; return the sha256."""
    digests = _Digests(md5=bool(seen.md5) and expected is None)
    try:
        done = _bring(part, location, seen, digests)
        _check(location, seen, done, digests, expected)
    except AlteredError:
        part.clear()
        raise
    part.finish(done, target)
    return digests.sha256.hexdigest()


def _bring(part: PartFile, location: Location, seen: Stat, digests: _Digests) -> int:
    """Digest what is there already, then what comes, in the order of the file; return how much it is."""
    done = 0
    with progress_bar(location.name, seen.size) as advance:

        def follow(until: int) -> int:
            for block in part.read(done, until):
                digests.update(block)
            advance(until - done)
            return until

        if part.done:
            log.info("going on after %.1f MB", part.done / 1e6)
            done = follow(part.done)
        try:
            for until in fetch(location, seen, done, part.write):
                done = follow(until)
                part.note(done)
        finally:
            part.note(done, always=True)
    return done


def _check(location: Location, seen: Stat, done: int, digests: _Digests, expected: str | None) -> None:
    if seen.size is not None and done < seen.size:
        raise TruncatedError(f"{done:,} of {seen.size:,} bytes came")
    if expected is not None and digests.sha256.hexdigest() != expected:
        raise AlteredError(f"sha256 is {digests.sha256.hexdigest()}, not {expected}")
    if digests.md5 is not None and digests.md5.hexdigest() != seen.md5:
        raise AlteredError(f"MD5 is {digests.md5.hexdigest()}, not {seen.md5}")
    if location.scheme != "s3" and stat(location).token != seen.token:  # S3 gave no other version than this
        raise AlteredError("it was replaced while it was read")
