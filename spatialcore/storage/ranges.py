"""Several stretches of one object at once, each written to its place in a file as it comes."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import pairwise
from queue import SimpleQueue
from threading import Event

from spatialcore.core.logging import get_logger
from spatialcore.errors import ConflictError, TransientStorageError
from spatialcore.storage.faults import AlteredError, TruncatedError, attempt, translated
from spatialcore.storage.policy import Policy
from spatialcore.storage.stat import Stat
from spatialcore.storage.stream import stream
from spatialcore.storage.uri import Location, canonical

log = get_logger(__name__)

Write = Callable[[int, bytes], object]


def fetch(location: Location, seen: Stat, start: int, write: Write) -> Iterator[int]:
    """Fetch an object from a byte on; yield, ever again, up to where it is there without a gap.

    Parameters
    ----------
    location, seen
        The object, and the version wanted.
    start
        The first byte that is missing.
    write
        Writes bytes at an offset; called by several threads, each for places of its own.

    Raises
    ------
    AlteredError
        If the object was replaced in the meantime.
    StorageError
        If the store refuses (TransientStorageError if it kept failing).
    """
    pieces = [_Piece(location, seen, first, last, write) for first, last in _split(location, seen, start)]
    if not pieces:
        return
    with ThreadPoolExecutor(min(len(pieces), Policy.from_environment().streams)) as pool:
        try:
            under_way = [pool.submit(copy_context().run, piece.bring) for piece in pieces]
            for piece, outcome in zip(pieces, under_way, strict=True):
                yield from piece.arrivals()
                outcome.result()
        except ConflictError:
            raise AlteredError("it was replaced while it was read") from None
        finally:
            for piece in pieces:
                piece.unwanted.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _split(location: Location, seen: Stat, start: int) -> list[tuple[int, int | None]]:
    """Return stretches of about equal length; one where the server may not know what a range is."""
    if seen.size is None or location.scheme in {"http", "https", "file"}:
        return [(start, seen.size)] if seen.size is None or start < seen.size else []
    rest = seen.size - start
    count = -(-rest // Policy.from_environment().stretch)
    cuts = [start + rest * number // count for number in range(count + 1)] if count else []
    return list(pairwise(cuts))


class _Piece:
    """One stretch: how far it is, and word of it for whoever follows."""

    def __init__(self, location: Location, seen: Stat, start: int, end: int | None, write: Write) -> None:
        self.location, self.seen, self.end = location, seen, end
        self.at = start
        self.unwanted = Event()
        self._what = f"get {canonical(location.uri)} at {start:,}"
        self._write = write
        self._news: SimpleQueue[int | None] = SimpleQueue()

    def bring(self) -> None:
        """Fetch the stretch; every try goes on where the last one ended."""
        try:
            while not self.unwanted.is_set() and attempt(self._go_on, what=self._what):
                pass
        finally:
            self._news.put(None)

    def arrivals(self) -> Iterator[int]:
        """Yield up to where the stretch is there, until no more comes."""
        while (at := self._news.get()) is not None:
            yield at

    def _go_on(self) -> bool:
        """Read on, and tell whether there is more. A try that brought a block or more has not failed."""
        before = self.at
        try:
            translated(lambda: stream(self.location, self.seen, self.at, self.end, self._take), what=self._what)
        except TransientStorageError as error:
            if self.at - before < Policy.from_environment().block:
                raise
            log.warning("going on after %.1f MB: %s", self.at / 1e6, error)
            return True
        if self.end is not None and self.at < self.end:
            raise TruncatedError(f"{self.at - before:,} bytes came at {before:,}; {self.end - self.at:,} are missing")
        return False

    def _take(self, block: bytes) -> None:
        if self.unwanted.is_set():
            raise InterruptedError("another stretch has failed")
        if self.end is not None and self.at + len(block) > self.end:
            raise AlteredError(f"more bytes came than the {self.end:,} that there should be")
        self._write(self.at, block)
        self.at += len(block)
        self._news.put(self.at)
