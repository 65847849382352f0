"""Reading a stretch of an object, whatever the store: its bytes are handed on as they come."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from spatialcore.storage.connections import connect
from spatialcore.storage.policy import MB, Policy
from spatialcore.storage.stat import Stat
from spatialcore.storage.uri import Location

Sink = Callable[[bytes], object]
_Reader = Callable[[Any, Location, Stat, int, int | None, Sink], None]


def stream(location: Location, seen: Stat, start: int, end: int | None, sink: Sink) -> None:
    """Hand the bytes of one version of an object to a function, in order and once.

    Parameters
    ----------
    location
        The object.
    seen
        The version wanted. S3 refuses to read another one; elsewhere the caller looks again at the end.
    start, end
        From which byte to which; None where the end is not known.
    sink
        Gets each piece; what it raises ends the reading.
    """
    system, place = connect(location)
    _READERS[location.scheme](system, place, seen, start, end, sink)


def _from_file(_system: Any, location: Location, _seen: Stat, start: int, end: int | None, sink: Sink) -> None:
    with Path(location.path).open("rb") as file:
        file.seek(start)
        while (end is None or start < end) and (block := file.read(MB if end is None else min(MB, end - start))):
            start += len(block)
            sink(block)


def _from_s3(system: Any, location: Location, seen: Stat, start: int, end: int | None, sink: Sink) -> None:
    from fsspec.asyn import sync

    bucket, _, key = location.path.partition("/")
    wanted = {"Bucket": bucket, "Key": key, "IfMatch": f'"{seen.etag}"'}
    if end is not None and (start, end) != (0, seen.size):
        wanted["Range"] = f"bytes={start}-{end - 1}"

    async def read() -> None:
        body = (await system._call_s3("get_object", **wanted))["Body"]
        try:
            while block := await body.read(MB):
                sink(block)
        finally:
            body.close()

    sync(system.loop, read)


def _in_blocks(system: Any, location: Location, _seen: Stat, start: int, end: int | None, sink: Sink) -> None:
    block = Policy.from_environment().block
    for offset in range(start, end or 0, block):
        sink(system.cat_file(location.path, start=offset, end=min(offset + block, end or 0)))


def _from_web(system: Any, location: Location, _seen: Stat, start: int, _end: int | None, sink: Sink) -> None:
    """Read one HTTP body; a server that ignores the range sends what we have once more, which is skipped."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with system.open(location.path, "rb", block_size=0, headers=headers) as body:
        skip = start if start and body.r.status != 206 else 0
        while block := body.read(MB):
            dropped = min(skip, len(block))
            skip -= dropped
            if block[dropped:]:
                sink(block[dropped:])


_READERS: Final[dict[str, _Reader]] = {
    "file": _from_file,
    "s3": _from_s3,
    "gs": _in_blocks,
    "memory": _in_blocks,
    "http": _from_web,
    "https": _from_web,
}
