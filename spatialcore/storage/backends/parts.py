"""Uploads in parts, several at once, for stores that make the parts one object at the end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import StorageError
from spatialcore.storage.progress import progress_bar
from spatialcore.storage.settings import StorageSettings

Part = TypeVar("Part")


def send_parts(source: Path, size: int, length: int, send: Callable[[int, bytes], Part]) -> tuple[str, list[Part]]:
    """Send all parts of a file, several at once.

    Parameters
    ----------
    source, size
        The file, and its bytes.
    length
        Bytes of each part but the last.
    send
        Sends a part, numbered from 1, and returns what is known of it; called by several threads.

    Returns
    -------
    The file's sha256, and the parts in their order.
    """
    offsets = range(0, size, length)
    streams = StorageSettings.from_environment().streams
    with ThreadPoolExecutor(streams + 1) as pool, progress_bar(source.name, size) as advance:
        digest = pool.submit(sha256_of_file, source)  # while the parts are sent

        def send_part(number: int) -> Part:
            offset = offsets[number - 1]
            data = _read(source, offset, min(length, size - offset))
            part = send(number, data)
            advance(len(data))
            return part

        parts = list(pool.map(send_part, range(1, len(offsets) + 1)))
        return digest.result(), parts


def part_length(size: int, *, smallest: int, most_parts: int) -> int:
    """Return the bytes of each part: a block, or more where the store takes no smaller or no more parts."""
    megabyte = 1 << 20
    needed = -(-size // most_parts)
    return max(StorageSettings.from_environment().block, smallest, -(-needed // megabyte) * megabyte)


def _read(source: Path, offset: int, size: int) -> bytes:
    with source.open("rb") as stream:
        stream.seek(offset)
        data = stream.read(size)
    if len(data) != size:
        raise StorageError(f"{source} became shorter while it was uploaded", hint="upload it again when it is finished")
    return data
