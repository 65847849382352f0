"""One file in a store: its scheme, its path there, and requests about it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from spatialcore.storage.backends import backend_of
from spatialcore.storage.backends.base import Backend
from spatialcore.storage.retry import attempt

T = TypeVar("T")


@dataclass(frozen=True)
class Location:
    """One file in a store.

    Parameters
    ----------
    scheme
        The URI scheme in its canonical spelling.
    path
        The path for the file system of the scheme: absolute for ``file``, ``bucket/key`` for buckets, the whole URL
        for ``http(s)``.
    """

    scheme: str
    path: str

    @property
    def backend(self) -> Backend:
        """The backend of the scheme."""
        return backend_of(self.scheme)

    @property
    def uri(self) -> str:
        """The URI that opens it: an absolute path for a local file."""
        return self.backend.uri(self.path)

    @property
    def canonical(self) -> str:
        """The URI without passwords and signatures."""
        return self.backend.canonical(self.path)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.backend.name(self.path)

    @property
    def bucket(self) -> str:
        """The bucket or container; an empty text if the store has none."""
        return self.backend.bucket(self.path)

    @property
    def local_path(self) -> Path | None:
        """The path on this machine; None if the file is elsewhere."""
        return self.backend.local_path(self.path)

    @property
    def is_local(self) -> bool:
        """Whether it is a file of this machine."""
        return self.local_path is not None

    def attempt(self, verb: str, operation: Callable[[], T]) -> T:
        """Run one request about it; retry it while its faults are transient.

        Parameters
        ----------
        verb
            The request, for messages: ``get``, ``put``.
        operation
            The request. It must be safe to repeat.
        """
        return attempt(operation, what=f"{verb} {self.canonical}", sign_in=self.backend.sign_in)
