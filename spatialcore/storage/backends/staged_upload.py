"""Uploads under a temporary name, for stores that cannot hold back an unfinished object."""

import hashlib
import uuid
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from spatialcore.core.logging import get_logger
from spatialcore.core.progress import Advance
from spatialcore.errors import FileMissingError, StorageError
from spatialcore.storage.backends.base import Backend
from spatialcore.storage.progress import progress_bar
from spatialcore.storage.settings import MB
from spatialcore.storage.types import PART_SUFFIX, AlteredError, Confirm, Stat, TruncatedError

if TYPE_CHECKING:
    from fsspec.callbacks import Callback

log = get_logger(__name__)


class StagedUploadBackend(Backend):
    """A store that renames or copies within itself: an upload is compared under a temporary name first."""

    @abstractmethod
    def put_file(self, source: Path, path: str, callback: "Callback") -> None:
        """Send a file to a path, whatever the object is; report the bytes sent to an fsspec callback."""

    def upload(self, source: Path, path: str, size: int, confirm: Confirm, *, move: bool) -> tuple[Stat, str]:
        """Send a file under a temporary name, compare it, and copy it to its name inside the store in one step."""
        temporary = f"{path}.{uuid.uuid4().hex[:12]}{PART_SUFFIX}"
        with ThreadPoolExecutor(1) as pool:
            digests = pool.submit(_digests, source)

            def send() -> None:
                self._send(source, temporary)
                self._compare(temporary, size, digests.result()[1])

            try:
                self.attempt("put", path, send)
                confirm()
                self.attempt("put", path, lambda: self.copy_object(temporary, path))
            finally:
                self._discard(temporary)
        return self.attempt("stat", path, lambda: self.stat(path)), digests.result()[0]

    def _send(self, source: Path, temporary: str) -> None:
        if not source.is_file():
            raise FileMissingError(f"no file at {source}", hint="check the spelling of the path")
        with progress_bar(source.name, source.stat().st_size) as advance:
            self.put_file(source, temporary, _progress_callback(advance))

    def _compare(self, temporary: str, size: int, md5: str) -> None:
        stat = self.stat(temporary)
        if stat.size != size:
            raise TruncatedError(f"{stat.size} of {size:,} bytes arrived")
        if stat.md5 and stat.md5 != md5:
            raise AlteredError(f"the uploaded object has MD5 {stat.md5}, expected {md5}")

    def _discard(self, temporary: str) -> None:
        try:
            self.attempt("delete", temporary, lambda: self.delete(temporary))
        except StorageError as error:
            log.warning("could not remove an unfinished upload: %s", error)


def _digests(source: Path) -> tuple[str, str]:
    """Return sha256 and MD5 of a file, read once."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with source.open("rb") as stream:
        while block := stream.read(MB):
            sha256.update(block)
            md5.update(block)
    return sha256.hexdigest(), md5.hexdigest()


def _progress_callback(advance: Advance) -> "Callback":
    """Return an fsspec callback that advances a progress bar."""
    from fsspec.callbacks import Callback

    callback = Callback()
    sent = 0

    def report(_size: int | None, value: int, **_: object) -> None:
        nonlocal sent
        advance(value - sent)
        sent = value

    callback.hooks = {"bytes": report}
    return callback
