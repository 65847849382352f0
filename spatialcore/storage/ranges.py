"""Concurrent download of several ranges of one object, each written to its offset as it arrives."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import pairwise
from queue import SimpleQueue
from threading import Event

from spatialcore.core.logging import get_logger
from spatialcore.errors import ConflictError, TransientStorageError
from spatialcore.storage.location import Location
from spatialcore.storage.retry import attempt, translate_errors
from spatialcore.storage.settings import StorageSettings
from spatialcore.storage.types import AlteredError, Stat, TruncatedError

log = get_logger(__name__)

Write = Callable[[int, bytes], object]


def download_ranges(location: Location, current: Stat, start: int, write: Write) -> Iterator[int]:
    """Download from an offset; yield the end of the contiguous part each time it grows.

    Parameters
    ----------
    location, current
        The object, and the version to download.
    start
        Offset of the first byte.
    write
        Writes bytes at an offset; called by several threads, each for a range of its own.

    Raises
    ------
    AlteredError
        If the object was replaced in the meantime.
    StorageError
        If the store refuses (TransientStorageError after the last attempt).
    """
    ranges = [_Range(location, current, first, last, write) for first, last in _split(location, current, start)]
    if not ranges:
        return
    with ThreadPoolExecutor(min(len(ranges), StorageSettings.from_environment().streams)) as pool:
        try:
            downloads = [pool.submit(copy_context().run, each.download) for each in ranges]
            for each, outcome in zip(ranges, downloads, strict=True):
                yield from each.progress()
                outcome.result()
        except ConflictError:
            raise AlteredError("the object was replaced during the download") from None
        finally:
            for each in ranges:
                each.cancelled.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _split(location: Location, current: Stat, start: int) -> list[tuple[int, int | None]]:
    """Return ranges of about equal length, or one if the store has no ranges."""
    if current.size is None or not location.backend.reads_ranges:
        return [(start, current.size)] if current.size is None or start < current.size else []
    rest = current.size - start
    count = -(-rest // StorageSettings.from_environment().stretch)
    cuts = [start + rest * number // count for number in range(count + 1)] if count else []
    return list(pairwise(cuts))


class _Range:
    """One range: its progress, and a queue of it for the thread that follows."""

    def __init__(self, location: Location, current: Stat, start: int, end: int | None, write: Write) -> None:
        self.location, self.current, self.end = location, current, end
        self.offset = start
        self.cancelled = Event()
        self._what = f"get {location.canonical} at {start:,}"
        self._write = write
        self._ends: SimpleQueue[int | None] = SimpleQueue()

    def download(self) -> None:
        """Download the range; every attempt continues where the last one ended."""
        try:
            sign_in = self.location.backend.sign_in
            while not self.cancelled.is_set() and attempt(self._continue, what=self._what, sign_in=sign_in):
                pass
        finally:
            self._ends.put(None)

    def progress(self) -> Iterator[int]:
        """Yield the offset that the range has reached, until it ends."""
        while (end := self._ends.get()) is not None:
            yield end

    def _continue(self) -> bool:
        """Continue reading; return whether there is more. An attempt that delivered a whole block has not failed."""
        before = self.offset
        try:
            translate_errors(self._stream, what=self._what, sign_in=self.location.backend.sign_in)
        except TransientStorageError as error:
            if self.offset - before < StorageSettings.from_environment().block:
                raise
            log.warning("resuming download at %.1f MB: %s", self.offset / 1e6, error)
            return True
        if self.end is not None and self.offset < self.end:
            raise TruncatedError(f"{self.offset - before:,} of {self.end - before:,} bytes arrived at {before:,}")
        return False

    def _stream(self) -> None:
        self.location.backend.stream(self.location.path, self.current, self.offset, self.end, self._receive)

    def _receive(self, block: bytes) -> None:
        if self.cancelled.is_set():
            raise InterruptedError("another range has failed")
        if self.end is not None and self.offset + len(block) > self.end:
            raise AlteredError(f"more bytes arrived than the expected {self.end:,}")
        self._write(self.offset, block)
        self.offset += len(block)
        self._ends.put(self.offset)
