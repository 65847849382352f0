"""An unfinished download on the disk: what is there outlives the process, and only one process works on it."""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from spatialcore.core.provenance import digest_of
from spatialcore.storage.faults import FULL
from spatialcore.storage.policy import MB, Policy
from spatialcore.storage.stat import Stat
from spatialcore.storage.stored import PART_SUFFIX
from spatialcore.storage.uri import Location, canonical

_NOTE: Final = struct.Struct("<8sQ")
_MARK: Final = b"\x00sc-part"


class PartFile:
    """The bytes of an object at their places, and behind its end a note of how many are there from the start on.

    The note is written after the bytes that it speaks of have reached the disk, so that it can be believed after a
    power cut, too.
    """

    def __init__(self, file: BinaryIO, path: Path, size: int | None) -> None:
        self._file, self._path, self._size = file, path, size
        self.done = self._noted()
        """Bytes that are there from the start on, by the last note."""
        self.full = False
        """Whether the disk took no more."""

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes at their place."""
        try:
            while data:
                written = os.pwrite(self._file.fileno(), data, offset)
                data, offset = data[written:], offset + written
        except OSError as error:
            self.full = error.errno in FULL
            raise

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes of a stretch."""
        while start < end and (block := os.pread(self._file.fileno(), min(MB, end - start), start)):
            start += len(block)
            yield block

    def note(self, done: int, *, always: bool = False) -> None:
        """Keep in mind how many bytes are there, if it is a block more than was noted."""
        if (
            self._size is None
            or done <= self.done
            or (not always and done - self.done < Policy.from_environment().block)
        ):
            return
        os.fdatasync(self._file.fileno())
        self.write(self._size, _NOTE.pack(_MARK, done))
        self.done = done

    @property
    def on_disk(self) -> int:
        """Bytes of the disk that it takes already."""
        return os.fstat(self._file.fileno()).st_blocks * 512

    def clear(self) -> None:
        """Forget everything that was fetched."""
        os.ftruncate(self._file.fileno(), 0)
        self.done = 0

    def finish(self, size: int, target: Path) -> None:
        """Take the note away and give the file its name."""
        os.ftruncate(self._file.fileno(), size)
        os.fsync(self._file.fileno())
        self._path.replace(target)

    def _noted(self) -> int:
        length = os.fstat(self._file.fileno()).st_size
        if self._size is not None and length == self._size + _NOTE.size:
            mark, done = _NOTE.unpack(os.pread(self._file.fileno(), _NOTE.size, self._size))
            if mark == _MARK and done <= self._size:
                return int(done)
        self.clear()
        return 0


@contextmanager
def part_of(target: Path, location: Location, seen: Stat) -> Iterator[PartFile]:
    """Open, alone, the unfinished copy of this version of this object; what an earlier try left in it is kept.

    When the block fails it is removed, if there is nothing in it to go on from or if it fills the disk.
    """
    version = digest_of([canonical(location.uri), seen.token, seen.size])[:12]
    path = target.with_name(f".{target.name}.{version}{PART_SUFFIX}")
    with _alone(path) as file:
        part = PartFile(file, path, seen.size)
        try:
            yield part
        except BaseException:
            if part.full or not part.done:
                path.unlink(missing_ok=True)
            raise


@contextmanager
def _alone(path: Path) -> Iterator[BinaryIO]:
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino:
            break
        file.close()  # whoever held it has finished and renamed it
    with file:
        yield file
