"""Copying or moving to a file of this machine, and giving a finished file its name."""

import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spatialcore.core.provenance import sha256_of_file
from spatialcore.storage.policy import MB
from spatialcore.storage.stat import Stat, stat_local
from spatialcore.storage.stored import PART_SUFFIX


def copy_local(source: Path, target: Path, confirm: Callable[[], None]) -> tuple[Stat, str]:
    """Copy a file under a temporary name, have it confirmed, and rename it; return stat and sha256 of the copy."""
    with _arriving(target, confirm) as part:
        digest = _copy(source, part)
    return stat_local(target), digest


def copy_known(source: Path, target: Path, confirm: Callable[[], None]) -> Stat:
    """Copy a file whose digest is known: the kernel does it."""
    with _arriving(target, confirm) as part:
        shutil.copyfile(source, part)
    return stat_local(target)


def take_local(source: Path, target: Path, confirm: Callable[[], None]) -> tuple[Stat, str]:
    """Give a file its place by its name alone where both lie in one file system; else copy it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink() or source.stat().st_dev != target.parent.stat().st_dev:
        return copy_local(source, target, confirm)
    digest = sha256_of_file(source)
    _flush(source)
    confirm()
    try:
        replace_local(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:  # two mounts of one device
            raise
        return copy_local(source, target, confirm)
    return stat_local(target), digest


@contextmanager
def _arriving(target: Path, confirm: Callable[[], None]) -> Iterator[Path]:
    """Give a temporary name to write to; what is written there gets the target's name once it is confirmed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = temporary_name(target)
    try:
        yield part
        _flush(part)
        confirm()
        replace_local(part, target)
    finally:
        part.unlink(missing_ok=True)


def temporary_name(target: Path) -> Path:
    """Return a hidden name beside a file that no other writer uses."""
    return target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}{PART_SUFFIX}")


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


def _copy(source: Path, part: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as stream, part.open("xb") as copy:
        while block := stream.read(MB):
            digest.update(block)
            copy.write(block)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    """Have a file's bytes on the disk before anything says that it is there."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
