"""An unfinished download on the disk: it outlives the process, and only one process writes to it."""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from spatialcore.core.provenance import digest_of
from spatialcore.storage.retry import FULL
from spatialcore.storage.settings import MB, StorageSettings
from spatialcore.storage.types import PART_SUFFIX, Stat

_FOOTER: Final = struct.Struct("<8sQ")
_MAGIC: Final = b"\x00sc-part"


class PartialFile:
    """The bytes of an object at their offsets, and after its end a footer: the length of the contiguous part.

    The footer is written after the bytes that it counts have been flushed, so that it is true after a power failure,
    too.
    """

    def __init__(self, file: BinaryIO, path: Path, size: int | None) -> None:
        self._file, self._path, self._size = file, path, size
        self.done = self._recorded()
        """Bytes of the contiguous part, by the last footer."""
        self.full = False
        """Whether the disk was full."""

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes at an offset."""
        try:
            while data:
                written = os.pwrite(self._file.fileno(), data, offset)
                data, offset = data[written:], offset + written
        except OSError as error:
            self.full = error.errno in FULL
            raise

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes between two offsets."""
        while start < end and (block := os.pread(self._file.fileno(), min(MB, end - start), start)):
            start += len(block)
            yield block

    def record(self, done: int, *, always: bool = False) -> None:
        """Write the length of the contiguous part to the footer, if it has grown by a block."""
        if (
            self._size is None
            or done <= self.done
            or (not always and done - self.done < StorageSettings.from_environment().block)
        ):
            return
        os.fdatasync(self._file.fileno())
        self.write(self._size, _FOOTER.pack(_MAGIC, done))
        self.done = done

    @property
    def on_disk(self) -> int:
        """Bytes that it occupies on the disk."""
        return os.fstat(self._file.fileno()).st_blocks * 512

    def clear(self) -> None:
        """Remove all its bytes."""
        os.ftruncate(self._file.fileno(), 0)
        self.done = 0

    def finish(self, size: int, target: Path) -> None:
        """Remove the footer and rename the file."""
        os.ftruncate(self._file.fileno(), size)
        os.fsync(self._file.fileno())
        self._path.replace(target)

    def _recorded(self) -> int:
        length = os.fstat(self._file.fileno()).st_size
        if self._size is not None and length == self._size + _FOOTER.size:
            magic, done = _FOOTER.unpack(os.pread(self._file.fileno(), _FOOTER.size, self._size))
            if magic == _MAGIC and done <= self._size:
                return int(done)
        self.clear()
        return 0


@contextmanager
def open_partial_file(target: Path, uri: str, current: Stat) -> Iterator[PartialFile]:
    """Open the unfinished copy of one version of an object with its bytes of earlier attempts, under a lock.

    If the block fails, the file is removed if it has no bytes to resume from or if it fills the disk.

    Parameters
    ----------
    target
        The path of the finished copy.
    uri
        Canonical URI of the object.
    current
        Its version and size.
    """
    version = digest_of([uri, current.token, current.size])[:12]
    path = target.with_name(f".{target.name}.{version}{PART_SUFFIX}")
    with _open_locked(path) as file:
        part = PartialFile(file, path, current.size)
        try:
            yield part
        except BaseException:
            if part.full or not part.done:
                path.unlink(missing_ok=True)
            raise


@contextmanager
def _open_locked(path: Path) -> Iterator[BinaryIO]:
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino:
            break
        file.close()  # another process has finished and renamed it
    with file:
        yield file
