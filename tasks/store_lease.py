"""One machine at a time: a lease in the store, for workers that share a store and no disk.

Whoever works on a result keeps a small object beside it and rewrites it every few seconds. Others wait. When it has not
changed for a while its holder is taken for dead and the lease is taken over by a conditional write. A waiter measures
that time by its own clock, so machines need not agree on the time. Should two ever work at once (a holder that was
only slow), both write the same content: a lease saves work, it does not guard anything.
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
from spatialcore.errors import ConflictError, FileMissingError, StorageError

log = get_logger(__name__)
Found = TypeVar("Found")

BEAT: Final = 10.0  # seconds between two signs of life
SILENCE: Final = 45.0  # without one, the holder is dead
LOOK: Final = 1.0  # between two looks of who waits


@contextmanager
def leased(uri: str, machine: str, look: Callable[[], Found | None]) -> Iterator[Found | None]:
    """Hold a lease for the block, or wait until another machine has done the work.

    Parameters
    ----------
    uri
        Where the lease lies in the store.
    machine
        Who asks. One machine asks once at a time, so a lease in its own name is one that it died with.
    look
        Returns what the work leads to, once it is there.

    Yields
    ------
    What ``look`` found after another machine's work; None: the work is the caller's.
    """
    lease = _Lease(uri, machine)
    found = lease.take(look)
    if found is not None:
        yield found
        return
    with lease.kept():
        yield look()  # it may have been finished just before the lease was free


class _Lease:
    def __init__(self, uri: str, machine: str) -> None:
        self.uri, self.machine, self.token = uri, machine, ""

    def take(self, look: Callable[[], Found | None]) -> Found | None:
        seen, since = "", time.monotonic()
        while not self._write(over=""):
            holder, token = self._read()
            if token != seen:
                if not seen:
                    log.info("waiting for %s, which works on this very result", holder or "another worker")
                seen, since = token, time.monotonic()
            dead = holder == self.machine or time.monotonic() - since > SILENCE
            if token and dead and self._write(over=token):
                return None
            if (found := look()) is not None:
                return found
            time.sleep(LOOK)
        return None

    @contextmanager
    def kept(self) -> Iterator[None]:
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join()
            if self._read()[1] == self.token:
                storage.delete(self.uri)

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(BEAT):
            try:
                if not self._write(over=self.token):
                    return  # taken over: the work goes on, twice
            except StorageError as error:
                log.warning("no sign of life in %s: %s", self.uri, error)

    def _write(self, over: str) -> bool:
        """Write the lease if nothing is there, or over a known version; say whether that was so."""
        content = json.dumps({"machine": self.machine, "beat": uuid4().hex}).encode()
        try:
            stored = storage.put_if(content, self.uri, expected=over) if over else storage.put_new(content, self.uri)
        except (ConflictError, FileMissingError):
            return False
        self.token = stored.token
        return True

    def _read(self) -> tuple[str, str]:
        """Return holder and version of the lease, both empty where there is none."""
        try:
            token = storage.token(self.uri)
            return str(json.loads(storage.read_bytes(self.uri))["machine"]), token
        except FileMissingError:
            return "", ""
