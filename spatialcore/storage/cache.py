"""Local copies of remote files, one for each version, downloaded once by any number of processes.

An entry is a folder named by the digest of canonical URI and version token. It contains the file under its own name,
and ``entry.json``. A file that was truncated or altered since is detected and downloaded again.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spatialcore.core.files import locked, locked_if_free
from spatialcore.core.logging import get_logger
from spatialcore.core.provenance import digest_of, sha256_of_file
from spatialcore.storage.types import Metadata

log = get_logger(__name__)

DEFAULT_DIR: Final = Path("~/.spatialcore/cache/references")
_ENTRY: Final = "entry.json"
_LOCKS: Final = "locks"

Fetch = Callable[[Path], Mapping[str, object]]


class CacheEntry(BaseModel):
    """One file in the cache.

    Parameters
    ----------
    key
        Name of its folder: digest of URI and token.
    uri, token
        Canonical URI and version token of the source.
    path
        The local file.
    size, sha256
        Of the file.
    mark
        Inode, modification and change time at the last check; while they are unchanged, the bytes are taken to be so.
    fetched, used
        Seconds since the epoch.
    metadata
        Where it came from: data set ids, citation, licence and the like.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    uri: str
    token: str
    path: Path
    size: int = Field(ge=0)
    sha256: str
    mark: str
    fetched: float
    used: float
    metadata: Metadata = Field(default_factory=dict)


def cache_root(cache_dir: str | Path | None = None) -> Path:
    """Return the absolute path of the cache: the given folder, or ``~/.spatialcore/cache/references``."""
    return Path(cache_dir or DEFAULT_DIR).expanduser().absolute()


def cache_key(uri: str, token: str) -> str:
    """Return the name of an entry: the digest of the whole URI and the version.

    Examples
    --------
    >>> cache_key("s3://a/ref.h5ad", "1") == cache_key("s3://b/ref.h5ad", "1")
    False
    """
    return digest_of([uri, token])[:32]


def cached(
    uri: str, token: str, fetch: Fetch, *, name: str, cache_dir: Path | None = None, force: bool = False
) -> CacheEntry:
    """Return the entry of one version of a remote file, downloaded first if it is not cached.

    Parameters
    ----------
    uri
        Canonical URI, without secrets.
    token
        Version token.
    fetch
        Writes the file to a path, completely or not at all, and returns metadata.
    name
        File name of the local copy.
    cache_dir
        Root of the cache; default ``~/.spatialcore/cache/references``.
    force
        Download even if there is an unchanged copy.

    Examples
    --------
    >>> def write(path: Path) -> dict[str, object]:
    ...     _ = path.write_text("cells")
    ...     return {"source": "example"}
    >>> cached("s3://lab/a.txt", "1", write, name="a.txt", cache_dir=Path("/tmp/spatialcore-cache")).path.read_text()
    'cells'
    """
    root = cache_root(cache_dir)
    key = cache_key(uri, token)
    folder = root / key
    requested = time.time_ns()
    with locked(root / _LOCKS / f"{key}.lock"):
        entry = _checked(folder)
        if entry is not None and not (force and _fetched_before(entry, requested)):
            return _touch(entry)
        path = folder / name
        folder.mkdir(parents=True, exist_ok=True)
        metadata = fetch(path)
        path.chmod(0o444)  # other runs rely on the copy
        now = time.time()
        entry = CacheEntry(
            key=key,
            uri=uri,
            token=token,
            path=path,
            size=path.stat().st_size,
            sha256=sha256_of_file(path),
            mark=_mark(path),
            fetched=now,
            used=now,
            metadata=dict(metadata),
        )
        _write(entry)
        return entry


def latest(uri: str, cache_dir: Path | None = None) -> CacheEntry | None:
    """Return the unchanged copy of a URI that was downloaded last, whatever its version."""
    entries = [entry for entry in list_entries(cache_dir) if entry.uri == uri]
    for entry in sorted(entries, key=lambda entry: entry.fetched, reverse=True):
        if _checked(entry.path.parent) is not None:
            return _touch(entry)
    return None


def entry_of(path: Path) -> CacheEntry | None:
    """Return the entry of a file, if it is an unchanged cached copy."""
    entry = _checked(path.parent) if (path.parent / _ENTRY).is_file() else None
    return entry if entry is not None and entry.path.name == path.name else None


def list_entries(cache_dir: Path | None = None) -> list[CacheEntry]:
    """Return the entries of the cache, the most recently used first."""
    root = cache_root(cache_dir)
    entries = (_read(folder) for folder in root.iterdir() if folder.is_dir()) if root.is_dir() else iter(())
    return sorted((entry for entry in entries if entry is not None), key=lambda entry: entry.used, reverse=True)


def prune(max_size: int = 0, cache_dir: Path | None = None) -> list[CacheEntry]:
    """Remove the least recently used entries until the rest is no larger than `max_size` bytes.

    Abandoned downloads are removed too. An entry that is being downloaded is left alone.

    Returns
    -------
    The removed entries.
    """
    root = cache_root(cache_dir)
    entries = list_entries(root)
    total, removed = 0, []
    for entry in entries:
        total += entry.size
        if total > max_size and _remove(root, entry.key):
            total -= entry.size
            removed.append(entry)
    _remove_abandoned(root, {entry.key for entry in entries})
    return removed


def _remove_abandoned(root: Path, keys: set[str]) -> None:
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.is_dir() and folder.name != _LOCKS and folder.name not in keys:
            _remove(root, folder.name)


def _remove(root: Path, key: str) -> bool:
    """Remove an entry unless it is being downloaded."""
    with locked_if_free(root / _LOCKS / f"{key}.lock") as free:
        if free:
            shutil.rmtree(root / key, ignore_errors=True)
        return free


def _fetched_before(entry: CacheEntry, requested: int) -> bool:
    """Return whether the copy is older than the request for a new one: concurrent forced downloads share one."""
    return entry.fetched * 1e9 < requested


def _checked(folder: Path) -> CacheEntry | None:
    """Return the entry of a folder if its file is unchanged."""
    entry = _read(folder)
    if entry is None:
        return None
    path = entry.path
    if path.is_file() and path.stat().st_size == entry.size:
        if _mark(path) == entry.mark:
            return entry
        if sha256_of_file(path) == entry.sha256:
            return entry.model_copy(update={"mark": _mark(path)})
    log.warning("ignoring the cached copy of %s: it is damaged or missing", entry.uri)
    return None


def _mark(path: Path) -> str:
    status = path.stat()
    return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_ctime_ns}"


def _touch(entry: CacheEntry) -> CacheEntry:
    entry = entry.model_copy(update={"used": time.time()})
    _write(entry)
    return entry


def _read(folder: Path) -> CacheEntry | None:
    try:
        content = json.loads((folder / _ENTRY).read_text())
        # The cache may have been moved: the file is beside its entry.
        return CacheEntry.model_validate({**content, "path": folder / Path(content["path"]).name})
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return None


def _write(entry: CacheEntry) -> None:
    target = entry.path.parent / _ENTRY
    part = target.with_suffix(f".{os.getpid()}.part")
    with suppress(OSError):
        part.write_text(json.dumps(entry.model_dump(mode="json"), indent=2, sort_keys=True))
        part.replace(target)
