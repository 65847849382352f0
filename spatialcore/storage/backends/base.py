"""What each kind of store has to do, with defaults for file systems of fsspec.

A backend has no state but its scheme. Its paths are those of the fsspec file system: ``bucket/key`` for a bucket. Its
methods make requests without retries; the callers retry them (`storage.retry`).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from spatialcore.errors import ConflictError, DependencyError, InputError
from spatialcore.storage.connections import Options, open_once, options_for
from spatialcore.storage.retry import attempt, register_client_errors
from spatialcore.storage.secrets import mask_logs_of, remember_secret_variables
from spatialcore.storage.settings import StorageSettings
from spatialcore.storage.types import MANIFEST_SUFFIX, AlteredError, Confirm, Sink, Stat, TruncatedError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

Info = Mapping[str, Any]
"""What a file system of fsspec reports of one file."""
T = TypeVar("T")
_AFTER_SCHEME: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*://")
_LOGGERS: Final = ("fsspec", "s3fs", "gcsfs", "aiobotocore", "botocore", "urllib3", "aiohttp.client")


class Backend(ABC):
    """How one kind of store is read and written.

    Parameters
    ----------
    scheme
        Its URI scheme in the canonical spelling.
    """

    writable: ClassVar[bool] = True
    """Whether files can be stored."""
    pins_version: ClassVar[bool] = False
    """Whether `stream` fails if the object is no longer the version that was asked for."""
    copies_version: ClassVar[bool] = False
    """Whether `copy` itself makes sure that the source is the version that was asked for."""
    reads_ranges: ClassVar[bool] = True
    """Whether parts of an object can be read at once."""
    extra: ClassVar[str] = ""
    """The extra of this package that installs the client library."""
    missing_package: ClassVar[str] = ""
    """The message if the client library is not installed."""
    sign_in: ClassVar[str] = ""
    """What to do if the store denies access."""
    variables: ClassVar[tuple[str, ...]] = ()
    """Prefixes of the environment variables that the client reads when it is created."""
    secret_variables: ClassVar[tuple[str, ...]] = ()
    """Environment variables with secrets. Their values are masked in every text; the service saves them in blocks."""
    secret_files: ClassVar[tuple[str, ...]] = ()
    """Environment variables with the path of a file that holds secrets."""
    setting_variables: ClassVar[tuple[str, ...]] = ()
    """Environment variables without secrets, such as an account or an endpoint, that the service passes to its runs."""
    loggers: ClassVar[tuple[str, ...]] = ()
    """Loggers of the client library, whose records are masked."""

    client_errors: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Module and class of the client library's errors that do not derive from built-in ones."""
    transient_errors: ClassVar[tuple[str, ...]] = ()
    """Parts of the names of its errors that are worth a retry, without an HTTP status."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        register_client_errors(*self.client_errors, transient=self.transient_errors)
        remember_secret_variables(*self.secret_variables)

    # Names

    def parse(self, uri: str) -> str:
        """Return the path that a URI names.

        Raises
        ------
        InputError
            If bucket or key are missing.
        """
        path = after_scheme(uri).lstrip("/")
        if "/" not in path.rstrip("/"):
            raise InputError(
                f"{self.scheme}://{path} has no object name", hint=f"write {self.scheme}://bucket/path/file.h5ad"
            )
        return path

    def uri(self, path: str) -> str:
        """Return the URI that opens a path."""
        return f"{self.scheme}://{path}"

    def canonical(self, path: str) -> str:
        """Return the spelling of a URI for keys, logs and manifests: without passwords and signatures."""
        return self.uri(path)

    def name(self, path: str) -> str:
        """Return the last part of a path."""
        return path.rstrip("/").rpartition("/")[2]

    def bucket(self, path: str) -> str:
        """Return the bucket or container of a path, or an empty text if the store has none."""
        return path.partition("/")[0]

    def local_path(self, path: str) -> Path | None:
        """Return the path on this machine, or None if the store is elsewhere."""
        return None

    def manifest_path(self, path: str) -> str:
        """Return the path of a file's manifest."""
        return path + MANIFEST_SUFFIX

    def tiledb_config(self) -> dict[str, str]:
        """Return the settings with which TileDB, which opens URIs itself, opens one of this store."""
        return {}

    # The client library

    @abstractmethod
    def file_system_class(self) -> type["AbstractFileSystem"]:
        """Import and return the class of the fsspec file system."""

    def default_options(self, settings: StorageSettings) -> Options:
        """Return the options of the file system that no caller gave."""
        return {}

    def file_system(self, path: str) -> "AbstractFileSystem":
        """Return the file system that opens a path.

        Raises
        ------
        DependencyError
            If the client library is not installed.
        """
        try:
            options = {**self.default_options(StorageSettings.from_environment()), **options_for(self.uri(path))}
            return open_once(self.scheme, options, lambda: self.create(options), variables=self.variables)
        except ImportError as error:
            hint = f"or install the extra: pip install 'spatialcore-celltyping[{self.extra or self.scheme}]'"
            missing = DependencyError(self.missing_package or str(error), hint=hint)
        raise missing

    def create(self, options: Options) -> "AbstractFileSystem":
        """Create a file system."""
        system = self.file_system_class()(skip_instance_cache=True, **options)
        mask_logs_of(*_LOGGERS, *self.loggers)
        return system

    def attempt(self, verb: str, path: str, operation: Callable[[], T], *, detail: str = "") -> T:
        """Run a request that a method is made of; retry it while its faults are transient."""
        return attempt(operation, what=f"{verb} {self.canonical(path)}{detail}", sign_in=self.sign_in)

    # Requests

    def stat(self, path: str) -> Stat:
        """Return size and version of an object.

        Raises
        ------
        FileNotFoundError
            If there is no such object.
        """
        info = self.file_system(path).info(path)
        if info.get("type") != "file":
            raise FileNotFoundError(f"{self.uri(path)} is a folder")
        return self.stat_of(info)

    @abstractmethod
    def stat_of(self, info: Info) -> Stat:
        """Return size and version from an entry of the file system."""

    def find(self, folder: str) -> dict[str, Info]:
        """Return the entries of all files below a folder, by their path."""
        entries: dict[str, Info] = self.file_system(folder).find(folder, detail=True)
        return entries

    def read(self, path: str) -> bytes:
        """Return the content of a small object."""
        content: bytes = self.file_system(path).cat_file(path)
        return content

    def stream(self, path: str, stat: Stat, start: int, end: int | None, sink: Sink) -> None:
        """Pass the bytes of one version of an object to a function, in order and once.

        Parameters
        ----------
        path
            The object.
        stat
            The version. If `pins_version` is False, the caller compares the version afterwards.
        start, end
            Offsets of the first byte and after the last one; `end` is None if the size is unknown.
        sink
            Receives the bytes; an error that it raises ends the reading.
        """
        system, block = self.file_system(path), StorageSettings.from_environment().block
        for offset in range(start, end or 0, block):
            sink(system.cat_file(path, start=offset, end=min(offset + block, end or 0)))

    @abstractmethod
    def write(self, path: str, data: bytes, *, only_over: str | None, mark: str) -> Stat:
        """Store a small object.

        Parameters
        ----------
        path
            The object.
        data
            Its content.
        only_over
            None: whatever the object is. Empty: only if there is none. A version token: only over that version.
        mark
            Stored with an object that is written under a condition, for `mark_of`.

        Raises
        ------
        ConflictError
            If the condition does not hold.
        """

    def mark_of(self, path: str) -> str:
        """Return the mark of the write that made an object, or an empty text if the store keeps none."""
        return ""

    @abstractmethod
    def upload(self, source: Path, path: str, size: int, confirm: Confirm, *, move: bool) -> tuple[Stat, str]:
        """Store a file, visible only when it is complete and compared with the source.

        Parameters
        ----------
        source, size
            The file, and its bytes.
        path
            The object.
        confirm
            To be called before the object becomes visible; if it raises, nothing is stored.
        move
            The source is no longer needed: a file system may rename it.

        Returns
        -------
        Size and version of the object, and the sha256 of the file.
        """

    def copy(self, source: str, target: str, stat: Stat, confirm: Confirm) -> Stat:
        """Copy an object within the store and compare what the store reports of the two."""
        self.copy_object(source, target)
        copied = self.stat(target)
        if stat.size != copied.size:
            raise TruncatedError(f"{copied.size} of {stat.size} bytes were copied")
        if stat.md5 and copied.md5 and stat.md5 != copied.md5:
            raise AlteredError(f"the copy has MD5 {copied.md5}, expected {stat.md5}")
        confirm()
        return copied

    def copy_object(self, source: str, target: str) -> None:
        """Have the store copy an object, in one step."""
        self.file_system(source).cp_file(source, target)

    def delete(self, path: str) -> None:
        """Remove an object; it is no error if there is none."""
        try:
            self.file_system(path).rm_file(path)
        except FileNotFoundError:
            return

    def conflict(self, path: str, only_over: str) -> ConflictError:
        """Return the error of a condition that does not hold."""
        state = "it is not the expected version" if only_over else "it exists already"
        return ConflictError(
            f"cannot write {self.canonical(path)}: {state}", hint="another process wrote it first: read it again"
        )


def after_scheme(uri: str) -> str:
    """Return a URI without its scheme."""
    return _AFTER_SCHEME.sub("", uri)


def split_bucket(path: str) -> tuple[str, str]:
    """Return bucket and key of a path."""
    bucket, _, key = path.partition("/")
    return bucket, key
