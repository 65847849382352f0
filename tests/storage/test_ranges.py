"""Concurrent download of ranges from a store in memory that can fail."""

import os
import uuid
from collections.abc import Callable

import pytest

from spatialcore import storage
from spatialcore.errors import ConflictError, TransientStorageError
from spatialcore.storage import Location
from spatialcore.storage.backends.memory import MemoryBackend
from spatialcore.storage.file_stat import stat
from spatialcore.storage.ranges import download_ranges
from spatialcore.storage.types import AlteredError, Sink, Stat

SIZE = 10_000
CONTENT = os.urandom(SIZE)
Stream = Callable[[MemoryBackend, str, Stat, int, int | None, Sink], None]


@pytest.fixture
def location(monkeypatch: pytest.MonkeyPatch) -> Location:
    monkeypatch.setenv("SPATIALCORE_STORAGE_BLOCK", "500")
    monkeypatch.setenv("SPATIALCORE_STORAGE_STRETCH", "3000")
    return storage.parse_uri(storage.put_bytes(CONTENT, f"memory://ranges/{uuid.uuid4().hex}").uri)


def downloaded(location: Location, start: int = 0) -> tuple[bytes, list[int]]:
    """Return the bytes written from an offset on, and the ends of the contiguous part."""
    content = bytearray(SIZE)

    def write(offset: int, data: bytes) -> None:
        content[offset : offset + len(data)] = data

    ends = list(download_ranges(location, stat(location), start, write))
    return bytes(content[start:]), ends


@pytest.mark.parametrize("start", [0, 1, 2_500, 9_999])
def test_all_bytes_arrive_and_the_ends_grow(location: Location, start: int) -> None:
    content, ends = downloaded(location, start)
    assert content == CONTENT[start:]
    assert ends == sorted(ends)
    assert ends[-1] == SIZE


def test_no_bytes_remain(location: Location) -> None:
    assert downloaded(location, SIZE) == (b"", [])


def test_ranges_are_requested_at_once(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    ranges: list[tuple[int, int | None]] = []
    stream = MemoryBackend.stream

    def recorded(self: MemoryBackend, path: str, stat: Stat, start: int, end: int | None, sink: Sink) -> None:
        ranges.append((start, end))
        stream(self, path, stat, start, end, sink)

    monkeypatch.setattr(MemoryBackend, "stream", recorded)
    downloaded(location)
    assert sorted(ranges) == [(0, 2_500), (2_500, 5_000), (5_000, 7_500), (7_500, 10_000)]
    ranges.clear()
    monkeypatch.setattr(MemoryBackend, "reads_ranges", False)
    downloaded(location)
    assert ranges == [(0, 10_000)]


def interrupting(times: int, after: int, error: Exception) -> Stream:
    """Return a stream that fails a number of times, each time after a number of bytes."""
    stream, failures = MemoryBackend.stream, []

    def interrupted(self: MemoryBackend, path: str, stat: Stat, start: int, end: int | None, sink: Sink) -> None:
        if len(failures) < times:
            failures.append(start)
            stream(self, path, stat, start, min(start + after, end or SIZE), sink)
            raise error
        stream(self, path, stat, start, end, sink)

    return interrupted


@pytest.mark.parametrize(("times", "after"), [(1, 0), (3, 100), (20, 500)])
def test_interrupted_ranges_are_resumed(
    location: Location, times: int, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt that received a block is not counted, so twenty interruptions are allowed."""
    monkeypatch.setattr(MemoryBackend, "stream", interrupting(times, after, ConnectionResetError()))
    assert downloaded(location)[0] == CONTENT


def test_attempts_without_a_block_are_limited(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALCORE_STORAGE_ATTEMPTS", "3")
    monkeypatch.setattr(MemoryBackend, "stream", interrupting(99, 0, ConnectionResetError()))
    with pytest.raises(TransientStorageError, match=r"get memory://ranges/.* at 0"):
        downloaded(location)


def test_body_that_ends_early(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALCORE_STORAGE_ATTEMPTS", "2")
    monkeypatch.setattr(MemoryBackend, "stream", lambda self, path, stat, start, end, sink: None)
    with pytest.raises(TransientStorageError, match="0 of 2,500 bytes arrived at 0"):
        downloaded(location)


def test_body_that_is_too_long(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALCORE_STORAGE_ATTEMPTS", "2")
    monkeypatch.setattr(MemoryBackend, "stream", lambda self, path, stat, start, end, sink: sink(CONTENT))
    with pytest.raises(TransientStorageError, match="more bytes arrived than the expected 2,500"):
        downloaded(location)


def test_replaced_object(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryBackend, "stream", interrupting(1, 0, ConflictError("another version")))
    with pytest.raises(AlteredError, match="replaced during the download"):
        downloaded(location)
