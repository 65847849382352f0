"""A lease in the store, for workers that share a store but no disk.

The holder writes a small object beside the result and rewrites it every few seconds (the heartbeat); other workers
wait. If the object does not change for a while, the holder is considered dead, and another worker takes the lease over
by a conditional write. Waiting workers measure that time by their own clocks, so clocks need not agree. If two workers
compute the same result, because a holder was slow rather than dead, both write the same content: the lease saves work
and is not needed for correctness.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar
from uuid import uuid4

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.errors import ConflictError, FileMissingError, SpatialCoreError, StorageError

log = get_logger(__name__)
Result = TypeVar("Result")

BEAT: Final = 10.0  # seconds between two heartbeats
SILENCE: Final = 45.0  # seconds without a heartbeat after which the holder is considered dead
LOOK: Final = 1.0  # seconds between two checks of a waiting worker


@contextmanager
def leased(uri: str, machine: str, find: Callable[[], Result | None]) -> Iterator[Result | None]:
    """Hold a lease, or wait until another machine has produced the result and yield it.

    Parameters
    ----------
    uri
        The lease object in the store.
    machine
        Identifier of this machine. A machine requests a lease once at a time, so a lease in its own name belongs to a
        process that died.
    find
        Returns the result once it exists.

    Yields
    ------
    Result or None
        The result of another machine. None: the caller must produce it.
    """
    lease = _Lease(uri, machine)
    result = lease.acquire(find)
    if result is not None:
        yield result
        return
    with lease.renewed():
        yield find()  # another machine may have finished just before it released the lease


class _Lease:
    def __init__(self, uri: str, machine: str) -> None:
        self.uri, self.machine, self.token = uri, machine, ""

    def acquire(self, find: Callable[[], Result | None]) -> Result | None:
        """Acquire the lease, or return the result that appeared meanwhile."""
        last_token, since = "", time.monotonic()
        while not self._write(over=""):
            holder, token = self._read()
            if token != last_token:
                if not last_token:
                    log.info("waiting for %s, which is producing the same result", holder or "another worker")
                last_token, since = token, time.monotonic()
            dead = holder == self.machine or time.monotonic() - since > SILENCE
            if token and dead and self._write(over=token):
                return None
            if (result := find()) is not None:
                return result
            time.sleep(LOOK)
        return None

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Renew the lease in the background for the block, then release it."""
        stop = threading.Event()
        heartbeat = threading.Thread(target=self._renew, args=(stop,), daemon=True)
        heartbeat.start()
        try:
            yield
        finally:
            stop.set()
            heartbeat.join()
            self._release()

    def _release(self) -> None:
        """Delete the lease if it is still ours. If that fails it expires; an error of the block is not hidden."""
        try:
            if self._read()[1] == self.token:
                storage.delete(self.uri)
        except SpatialCoreError as error:
            log.warning("could not delete the lease %s; it expires in %.0f s: %s", self.uri, SILENCE, error)

    def _renew(self, stop: threading.Event) -> None:
        while not stop.wait(BEAT):
            try:
                if not self._write(over=self.token):
                    return  # another machine took the lease over; both continue
            except StorageError as error:
                log.warning("could not renew the lease %s: %s", self.uri, error)

    def _write(self, over: str) -> bool:
        """Create the lease, or replace the given version of it; return whether it was written."""
        content = json.dumps({"machine": self.machine, "beat": uuid4().hex}).encode()
        try:
            file = storage.put_if(content, self.uri, expected=over) if over else storage.put_new(content, self.uri)
        except (ConflictError, FileMissingError):
            return False
        self.token = file.token
        return True

    def _read(self) -> tuple[str, str]:
        """Return holder and version token of the lease; both are empty if there is no lease."""
        try:
            token = storage.token(self.uri)
            return str(json.loads(storage.read_bytes(self.uri))["machine"]), token
        except FileMissingError:
            return "", ""
