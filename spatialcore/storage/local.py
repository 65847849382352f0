"""Copying to a file of this machine, and giving a finished file its name."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from spatialcore.storage.policy import MB
from spatialcore.storage.stat import Stat, stat_local
from spatialcore.storage.stored import PART_SUFFIX


def copy_local(source: Path, target: Path, confirm: Callable[[], None]) -> tuple[Stat, str]:
    """Copy a file under a temporary name, have it confirmed, and rename it; return stat and sha256 of the copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = temporary_name(target)
    try:
        digest = _copy(source, part)
        confirm()
        replace_local(part, target)
    finally:
        part.unlink(missing_ok=True)
    return stat_local(target), digest


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
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()
