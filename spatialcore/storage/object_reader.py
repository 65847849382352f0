"""One version of an object, read block by block: no more of it is in memory, and none of it on the disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from spatialcore.storage.file_stat import stat
from spatialcore.storage.location import Location
from spatialcore.storage.settings import MB
from spatialcore.storage.types import AlteredError, Stat, TruncatedError
from spatialcore.storage.uri import parse_uri


@dataclass(frozen=True)
class ObjectReader:
    """Reads one version of an object.

    Parameters
    ----------
    location
        The object.
    stat
        The version: what the store said when the reader was made.

    Examples
    --------
    >>> from spatialcore import storage
    >>> _ = storage.put_text("cells", "memory://bucket/example.txt")
    >>> reader = ObjectReader.open("memory://bucket/example.txt")
    >>> b"".join(reader.blocks(1, 3))
    b'el'
    """

    location: Location
    stat: Stat

    @classmethod
    def open(cls, uri: str | Path) -> Self:
        """Ask the store for the object's present version; nothing is read yet.

        Raises
        ------
        FileMissingError
            There is no such object.
        """
        location = parse_uri(uri)
        return cls(location, stat(location))

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.stat.size or 0

    def blocks(self, start: int = 0, end: int | None = None, *, block: int = MB) -> Iterator[bytes]:
        """Yield the bytes from ``start`` up to, without, ``end``; each block is asked for again after a passing fault.

        Raises
        ------
        StorageError
            The store refuses, or the object has been replaced.
        """
        last = self.size if end is None else min(end, self.size)
        for first in range(start, last, block):
            yield self._block(first, min(first + block, last))

    def _block(self, start: int, end: int) -> bytes:
        backend, path = self.location.backend, self.location.path

        def read() -> bytes:
            pieces: list[bytes] = []
            backend.stream(path, self.stat, start, end, pieces.append)
            content = b"".join(pieces)
            if len(content) != end - start:
                raise TruncatedError(f"{len(content):,} of {end - start:,} bytes arrived")
            if not backend.pins_version and stat(self.location).token != self.stat.token:
                raise AlteredError("it was replaced while it was read")
            return content

        return self.location.attempt("read", read)
