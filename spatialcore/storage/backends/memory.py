"""Objects in the memory of this process, for tests and examples."""

import re
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from spatialcore.storage.backends.base import Info, after_scheme
from spatialcore.storage.backends.staged_upload import StagedUploadBackend
from spatialcore.storage.types import Stat

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from fsspec.callbacks import Callback

_WRITING: Final = Lock()


class MemoryBackend(StagedUploadBackend):
    """Objects that end with the process."""

    def parse(self, uri: str) -> str:
        """Return the path; any name is one."""
        return re.sub("/{2,}", "/", after_scheme(uri).strip("/"))

    def file_system_class(self) -> type["AbstractFileSystem"]:
        """Return the file system in memory."""
        from fsspec.implementations.memory import MemoryFileSystem

        memory: type[AbstractFileSystem] = MemoryFileSystem
        return memory

    def stat_of(self, info: Info) -> Stat:
        """Return size and time of creation."""
        created: datetime | float = info["created"]  # of an entry a date, of a listing seconds
        seconds = created.timestamp() if isinstance(created, datetime) else created
        return Stat(token=f"{info['size']}-{seconds:.6f}", size=int(info["size"]))

    def find(self, folder: str) -> dict[str, Info]:
        """Return the entries of all files below a folder, by their path."""
        return {path.lstrip("/"): info for path, info in super().find(folder).items()}

    def write(self, path: str, data: bytes, *, only_over: str | None, mark: str) -> Stat:
        """Store an object under a lock."""
        system = self.file_system(path)
        with _WRITING:
            exists = system.exists(path)
            if only_over == "" and exists:
                raise self.conflict(path, only_over)
            if only_over and (not exists or self.stat(path).token != only_over):
                raise self.conflict(path, only_over)
            system.pipe_file(path, data)
            return self.stat(path)

    def put_file(self, source: Path, path: str, callback: "Callback") -> None:
        """Store a file."""
        self.file_system(path).put_file(str(source), path, callback=callback)
