"""Files of this machine: copied or renamed to a finished file in one step."""

import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from spatialcore.core.files import locked
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import FileMissingError
from spatialcore.storage.backends.base import Backend, Info, after_scheme
from spatialcore.storage.settings import MB
from spatialcore.storage.types import MANIFEST_FOLDER, MANIFEST_SUFFIX, PART_SUFFIX, Confirm, Sink, Stat

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class LocalBackend(Backend):
    """Files of this machine, and of file systems mounted on it."""

    reads_ranges = False  # one stream is faster on a disk

    def parse(self, uri: str) -> str:
        """Return the absolute path."""
        return str(Path(after_scheme(uri)).expanduser().absolute())

    def uri(self, path: str) -> str:
        """Return the path itself."""
        return path

    def bucket(self, path: str) -> str:
        """Return an empty text."""
        return ""

    def local_path(self, path: str) -> Path:
        """Return the path."""
        return Path(path)

    def manifest_path(self, path: str) -> str:
        """Return a path in a hidden folder beside the file."""
        file = Path(path)
        return str(file.parent / MANIFEST_FOLDER / (file.name + MANIFEST_SUFFIX))

    def file_system_class(self) -> type["AbstractFileSystem"]:
        """Return the local file system."""
        from fsspec.implementations.local import LocalFileSystem

        local: type[AbstractFileSystem] = LocalFileSystem
        return local

    def stat(self, path: str) -> Stat:
        """Return size and modification time."""
        return stat_file(Path(path))

    def stat_of(self, info: Info) -> Stat:
        """Return size and modification time; the file system's own entry has no nanoseconds."""
        return stat_file(Path(info["name"]))

    def read(self, path: str) -> bytes:
        """Return the content of a file."""
        stat_file(Path(path))
        return Path(path).read_bytes()

    def stream(self, path: str, stat: Stat, start: int, end: int | None, sink: Sink) -> None:
        """Read a file in blocks."""
        with Path(path).open("rb") as file:
            file.seek(start)
            while (end is None or start < end) and (block := file.read(MB if end is None else min(MB, end - start))):
                start += len(block)
                sink(block)

    def write(self, path: str, data: bytes, *, only_over: str | None, mark: str) -> Stat:
        """Write a small file under a hidden name, flush it and rename it."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = temporary_name(target)
        try:
            with part.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            if only_over is None:
                replace_file(part, target)
            elif not only_over:
                os.link(part, target)
            else:
                self._replace_version(part, target, only_over)
            return stat_file(target)
        finally:
            part.unlink(missing_ok=True)

    def _replace_version(self, part: Path, target: Path, only_over: str) -> None:
        with locked(target.with_name(f".{target.name}.lock{PART_SUFFIX}")):
            if not target.is_file() or stat_file(target).token != only_over:
                raise self.conflict(str(target), only_over)
            replace_file(part, target)

    def upload(self, source: Path, path: str, size: int, confirm: Confirm, *, move: bool) -> tuple[Stat, str]:
        """Copy a file, or rename it if it is given away and lies on the same file system."""
        return (_move_file if move else _copy_file)(source, Path(path), confirm)

    def copy(self, source: str, target: str, stat: Stat, confirm: Confirm) -> Stat:
        """Copy a file; the kernel does it."""
        with _replacing(Path(target), confirm) as part:
            shutil.copyfile(source, part)
        return stat_file(Path(target))

    def delete(self, path: str) -> None:
        """Remove a file."""
        Path(path).unlink(missing_ok=True)


def stat_file(path: Path) -> Stat:
    """Return size and version of a local file.

    Raises
    ------
    FileMissingError
        If there is no such file.
    """
    if not path.is_file():
        raise FileMissingError(f"no file at {path}", hint="check the spelling of the path")
    status = path.stat()
    return Stat(token=f"{status.st_size}-{status.st_mtime_ns}", size=status.st_size)


def temporary_name(target: Path) -> Path:
    """Return a hidden name beside a file that no other writer uses."""
    return target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}{PART_SUFFIX}")


def replace_file(part: Path, target: Path) -> None:
    """Rename a finished file; its modification time is always later than that of the file it replaces.

    Two writes within one tick of the file system's clock, or a clock set back, would otherwise give two versions the
    same token.
    """
    if target.exists():
        earliest = target.stat().st_mtime_ns + 1
        if part.stat().st_mtime_ns < earliest:
            os.utime(part, ns=(earliest, earliest))
        shutil.copymode(target, part)
    part.replace(target)


def _copy_file(source: Path, target: Path, confirm: Confirm) -> tuple[Stat, str]:
    """Copy a file; return stat and sha256 of the copy."""
    digest = hashlib.sha256()
    with _replacing(target, confirm) as part, source.open("rb") as stream, part.open("xb") as copy:
        while block := stream.read(MB):
            digest.update(block)
            copy.write(block)
    return stat_file(target), digest.hexdigest()


def _move_file(source: Path, target: Path, confirm: Confirm) -> tuple[Stat, str]:
    """Rename a file if both paths are on one file system; else copy it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink() or source.stat().st_dev != target.parent.stat().st_dev:
        return _copy_file(source, target, confirm)
    digest = sha256_of_file(source)
    _flush(source)
    confirm()
    try:
        replace_file(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:  # two mounts of one device
            raise
        return _copy_file(source, target, confirm)
    return stat_file(target), digest


@contextmanager
def _replacing(target: Path, confirm: Confirm) -> Iterator[Path]:
    """Yield a temporary name; what the block writes to it is flushed, confirmed and renamed to the target."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = temporary_name(target)
    try:
        yield part
        _flush(part)
        confirm()
        replace_file(part, target)
    finally:
        part.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Flush the bytes of a file to the disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
