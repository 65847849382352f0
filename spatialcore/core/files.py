"""Atomic writes, locks between processes, and YAML files."""

from __future__ import annotations

import codecs
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spatialcore.errors import FileMissingError, InputError, StorageError

if TYPE_CHECKING:  # numpy is not imported for the command line's help
    import yaml

    from spatialcore.core.types import JsonObject


LEAST_SPACE: Final = 5_000_000  # bytes of the smallest results with figures


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, remove it on error.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "table.csv"
    >>> with whole(path) as part:
    ...     _ = part.write_text("a,b")
    >>> path.read_text()
    'a,b'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # writers choose the format by the suffix, so the temporary path has the same one
    part = path.with_name(f".{path.stem}.{_unique()}.part{path.suffix}")
    try:
        yield part
        replace(part, path)
    finally:
        _remove(part)


def replace(new: Path, path: Path) -> None:
    """Move `new` to `path`, replacing a file or folder. A folder is absent only between two renames."""
    if not path.is_dir():
        new.replace(path)
        return
    old = path.with_name(f".{path.name}.{_unique()}.old")
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
    _remove(old)


def require_writable(folder: str | Path) -> None:
    """Raise if no file can be written to a folder: it is below a file, not writable, or on a full disk.

    Raises
    ------
    StorageError
        Names the nearest existing part of the path.
    """
    path = Path(folder).expanduser().absolute()
    nearest = next(part for part in (path, *path.parents) if part.exists())
    if not nearest.is_dir():
        raise StorageError(f"{nearest} is a file, expected a folder for the results", hint="choose another folder")
    if not os.access(nearest, os.W_OK):
        raise StorageError(f"{nearest} cannot be written to", hint="choose another folder, or get write permission")
    disk = shutil.disk_usage(nearest)
    if disk.total and disk.free < LEAST_SPACE:  # some mounted stores state no size
        raise StorageError(
            f"no space left in {nearest}: {disk.free / 1e6:.1f} MB are free",
            hint="free some space or choose another folder",
        )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`; wait while another process or thread holds it.

    The kernel releases the lock when its holder exits or dies. The lock file is never removed: a process that waits
    for a removed file would get a lock that no other process sees. Do not fork while holding a lock: the child process
    inherits it.
    """
    handle = _open_lock(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Try to lock `path` without waiting; yield whether the lock is held."""
    handle = _open_lock(path)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            acquired = True
        except BlockingIOError:
            acquired = False
        yield acquired
    finally:
        os.close(handle)


def read_yaml(path: Path) -> JsonObject:
    """Return the mapping in a YAML file.

    Raises
    ------
    FileMissingError
        There is no file at the path.
    InputError
        The file is not text or not YAML, its top level is not a mapping, or a key occurs twice.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "run.yaml"
    >>> _ = path.write_text("tissue: lung")
    >>> read_yaml(path)
    {'tissue': 'lung'}
    """
    import yaml

    if not path.is_file():
        raise FileMissingError(f"no configuration file at {path}", hint="pass the path of a YAML file")
    try:
        text = _decoded(path.read_bytes())
        content = yaml.safe_load(text)
        repeated = _repeated_keys(yaml.compose(text, Loader=yaml.SafeLoader))
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file in UTF-8, expected YAML", hint=_not_utf8(path, error)) from error
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not valid YAML: {error}", hint="write one 'key: value' per line") from error
    if not isinstance(content, dict):
        names: dict[type, str] = {str: "text", list: "list"}
        kind = "is empty" if content is None else f"contains a {names.get(type(content), type(content).__name__)}"
        raise InputError(f"{path} {kind}, expected a mapping of settings", hint="write one 'key: value' per line")
    if repeated:
        raise InputError(f"{path} has keys that occur twice: {', '.join(repeated)}", hint="write each key once")
    return content


def _decoded(content: bytes) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with its mark, as PowerShell writes it."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf16 else "utf-8-sig")


def _not_utf8(path: Path, error: UnicodeDecodeError) -> str:
    """Return what to do: a text has few bytes that are no text."""
    if b"\0" in error.object:
        return f"pass data as --query {path}"
    line = error.object[: error.start].count(b"\n") + 1
    return f"save it as UTF-8: line {line} has a character in another encoding; data are passed as --query {path}"


def _repeated_keys(node: yaml.Node | None) -> list[str]:
    """Return the keys that occur twice in a mapping of a YAML document, of which YAML would use the last."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        keys = [str(key.value) for key, _ in node.value]
        inner = [name for _, value in node.value for name in _repeated_keys(value)]
        return [*dict.fromkeys(key for key in keys if keys.count(key) > 1), *inner]
    return [name for item in node.value for name in _repeated_keys(item)] if isinstance(node, yaml.SequenceNode) else []


def _open_lock(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _unique() -> str:
    """Return a suffix that no other process or thread uses."""
    return uuid.uuid4().hex[:12]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
