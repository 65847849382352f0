"""One worker at a time: on a machine by locks that the kernel frees, between machines by a lease in the bucket."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

from spatialcore import storage
from spatialcore.core.files import locked, whole
from spatialcore.core.provenance import digest_of
from spatialcore.storage.stored import PART_SUFFIX
from tasks.store_lease import leased

HOME: Final = Path("~/.spatialcore")
Found = TypeVar("Found")


@contextmanager
def machine_lock(uri: str) -> Iterator[None]:
    """Be the only one on this machine who writes there; the lock falls with its holder, however that ends.

    In a folder that several machines mount the lock lies beside what it guards, and holds for all of them.
    """
    with locked(_lock_file(uri)):
        yield


@contextmanager
def exclusive_lock(uri: str, look: Callable[[], Found | None]) -> Iterator[Found | None]:
    """Be the only one on any machine who makes what ``look`` finds, or be given what another has made meanwhile."""
    with machine_lock(uri):
        found = look()
        if found is not None or storage.scheme_of(uri) == "file":
            yield found
        else:
            with leased(storage.join(uri, "lease.json"), _this_machine(), look) as made:
                yield made


def _lock_file(uri: str) -> Path:
    if storage.scheme_of(uri) == "file":
        path = Path(storage.parse_uri(uri).path)
        return path.with_name(f".{path.name}.lock{PART_SUFFIX}")
    return HOME.expanduser() / "locks" / f"{digest_of(storage.canonical(uri))[:24]}.lock"


def _this_machine() -> str:
    """Return the name of the place where this machine's locks lie: who shares them is one machine."""
    file = HOME.expanduser() / "locks" / "machine"
    with locked(file.with_suffix(".lock")):
        if not file.is_file():
            with whole(file) as part:
                part.write_text(uuid4().hex[:12])
    return file.read_text()
