"""Locks, so that only one worker computes a result.

On one machine a lock is a locked file, which the kernel frees when the process ends. Machines that share only a store
also use a lease in it (:mod:`tasks.store_lease`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

from spatialcore import storage
from spatialcore.core.files import locked, whole
from spatialcore.core.provenance import digest_of
from spatialcore.storage.types import PART_SUFFIX
from tasks.store_lease import leased

HOME: Final = Path("~/.spatialcore")
Result = TypeVar("Result")


@contextmanager
def machine_lock(uri: str) -> Iterator[None]:
    """Hold the lock of a URI on this machine; the kernel releases it when the process ends.

    For a local folder the lock file is beside it, so machines that mount the folder share the lock.
    """
    with locked(_lock_file(uri)):
        yield


@contextmanager
def exclusive_lock(uri: str, find: Callable[[], Result | None]) -> Iterator[Result | None]:
    """Hold a lock across machines, or yield the result that another worker produced meanwhile.

    Parameters
    ----------
    uri
        The folder of the result.
    find
        Returns the result once it exists.

    Yields
    ------
    Result or None
        The result. None: it does not exist and the caller must produce it.
    """
    with machine_lock(uri):
        result = find()
        if result is not None or storage.local_path(uri):
            yield result
        else:
            with leased(storage.join(uri, "lease.json"), _this_machine(), find) as produced:
                yield produced


def _lock_file(uri: str) -> Path:
    if path := storage.local_path(uri):
        return path.with_name(f".{path.name}.lock{PART_SUFFIX}")
    return HOME.expanduser() / "locks" / f"{digest_of(storage.canonical(uri))[:24]}.lock"


def _this_machine() -> str:
    """Return the identifier of this machine's lock folder; processes that share the folder count as one machine."""
    file = HOME.expanduser() / "locks" / "machine"
    with locked(file.with_suffix(".lock")):
        if not file.is_file():
            with whole(file) as partial:
                partial.write_text(uuid4().hex[:12])
    return file.read_text()
