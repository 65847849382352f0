"""Download of one object: in several streams, resumable, checked, and visible only when it is complete."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from spatialcore.core.logging import get_logger
from spatialcore.errors import StorageError
from spatialcore.storage.file_stat import stat
from spatialcore.storage.location import Location
from spatialcore.storage.partial_file import PartialFile, open_partial_file
from spatialcore.storage.progress import progress_bar
from spatialcore.storage.ranges import download_ranges
from spatialcore.storage.types import AlteredError, Stat, TruncatedError

log = get_logger(__name__)


class _Digests:
    """The digests of the bytes so far: sha256 always, MD5 if there is one to compare."""

    def __init__(self, *, md5: bool) -> None:
        self.sha256 = hashlib.sha256()
        self.md5 = hashlib.md5(usedforsecurity=False) if md5 else None

    def update(self, block: bytes) -> None:
        self.sha256.update(block)
        if self.md5 is not None:
            self.md5.update(block)


def download(location: Location, target: Path, *, expected_sha256: Callable[[Stat], str | None]) -> tuple[Stat, str]:
    """Download an object.

    Parameters
    ----------
    location
        The object.
    target
        The path on this machine; it appears in one step after everything has been checked.
    expected_sha256
        Returns the digest that a version must have, or None if it is unknown; then the store's own MD5 is compared if
        there is one.

    Returns
    -------
    Size and version of the object, and its sha256.
    """

    def download_once() -> tuple[Stat, str]:
        current = stat(location)
        expected = expected_sha256(current)
        with open_partial_file(target, location.canonical, current) as part:
            _check_space(current.size, part, target)
            digest = _complete(part, location, current, expected, target)
        return current, digest

    target.parent.mkdir(parents=True, exist_ok=True)
    return location.attempt("get", download_once)


def _check_space(size: int | None, part: PartialFile, target: Path) -> None:
    free = shutil.disk_usage(target.parent).free
    missing = (size or 0) - part.on_disk
    if missing > free:
        raise StorageError(
            f"no space left: {target.name} needs {missing / 1e6:,.1f} MB more and {target.parent} has "
            f"{free / 1e6:,.1f} MB",
            hint="free some space or choose another folder",
        )


def _complete(part: PartialFile, location: Location, current: Stat, expected: str | None, target: Path) -> str:
    """Download the missing bytes, check the whole file and rename it; return the sha256."""
    digests = _Digests(md5=bool(current.md5) and expected is None)
    try:
        size = _download_missing(part, location, current, digests)
        _check(location, current, size, digests, expected)
    except AlteredError:
        part.clear()
        raise
    part.finish(size, target)
    return digests.sha256.hexdigest()


def _download_missing(part: PartialFile, location: Location, current: Stat, digests: _Digests) -> int:
    """Digest the bytes of an earlier attempt, then the new ones, in the order of the file; return their number."""
    position = 0
    with progress_bar(location.name, current.size) as advance:

        def digest_until(end: int) -> int:
            for block in part.read(position, end):
                digests.update(block)
            advance(end - position)
            return end

        if part.done:
            log.info("resuming download at %.1f MB: %s", part.done / 1e6, location.canonical)
            position = digest_until(part.done)
        try:
            for end in download_ranges(location, current, position, part.write):
                position = digest_until(end)
                part.record(position)
        finally:
            part.record(position, always=True)
    return position


def _check(location: Location, current: Stat, size: int, digests: _Digests, expected: str | None) -> None:
    if current.size is not None and size < current.size:
        raise TruncatedError(f"{size:,} of {current.size:,} bytes arrived")
    if expected is not None and digests.sha256.hexdigest() != expected:
        raise AlteredError(f"sha256 is {digests.sha256.hexdigest()}, expected {expected}")
    if digests.md5 is not None and digests.md5.hexdigest() != current.md5:
        raise AlteredError(f"MD5 is {digests.md5.hexdigest()}, expected {current.md5}")
    if not location.backend.pins_version and stat(location).token != current.token:
        raise AlteredError("the object was replaced during the download")
