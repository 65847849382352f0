"""The cache of stage results in the store.

``cache/{key}/`` contains the files of one result and ``result.json``, which is written last. A result is valid as long
as its files are unchanged. Everything is in the store, so that workers on other machines, and copies of the store, use
the same results.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import JsonValue

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, RecordError
from spatialcore.storage import StoredFile, cache
from tasks.locks import exclusive_lock
from tasks.schemas import StageResult

log = get_logger(__name__)
Make = Callable[[Path], Mapping[str, JsonValue]]
Result = TypeVar("Result", bound=StageResult)

RECORD = "result.json"


def cached_stage(
    kind: type[Result],
    store: str,
    key: str,
    make: Make,
    *,
    carried: Mapping[str, StoredFile] | None = None,
    **labels: JsonValue,
) -> Result:
    """Return the result of a stage: from the store, or computed now.

    Parameters
    ----------
    kind
        The class of the result; it names the stage.
    store
        Folder or URI of the store.
    key
        The cache key, from :func:`tasks.cache_keys.stage_key`.
    make
        Writes the files of the result into the given folder and returns the values for ``facts``.
    carried
        Files of earlier results that this result refers to.
    **labels
        Values that describe this call rather than the content, such as the sample's name. They are added to ``facts``
        but not cached: two samples with the same content share one result.

    Returns
    -------
    StageResult
        In a Prefect state named "Cached" if it comes from the store. Runs that need the same result at the same time,
        on one machine or several, compute it once.
    """
    folder = storage.join(store, "cache", key)
    with exclusive_lock(folder, lambda: find(folder, kind)) as cached:
        if cached is not None:
            log.info("%s: unchanged, result taken from the store", kind.STAGE)
            state: State[Result] = Completed(name="Cached", message=f"unchanged: {key}", data=_labelled(cached, labels))
            return cast(Result, state)  # Prefect passes its data to the next task
        return _labelled(_make(folder, kind, key, make, carried or {}), labels)


def find(folder: str, kind: type[Result]) -> Result | None:
    """Return a result from the store if all its files are unchanged.

    In a copy of a store the files have other version tokens. They are then compared by content and the record is
    rewritten, so that the next call compares tokens again.
    """
    try:
        result = storage.read_record(kind, storage.join(folder, RECORD), _store_of(folder))
    except (FileMissingError, RecordError):
        return None
    current = {name: storage.recognised(file) for name, file in result.files.items()}
    files = {name: file for name, file in current.items() if file is not None}
    if len(files) < len(current):
        return None
    if files != result.files:
        result = result.model_copy(update={"files": files})
        _write(result, folder)
    return result


def local(file: StoredFile) -> Path:
    """Return the local path of a file in the store; a remote file is downloaded to the cache and verified."""
    if path := storage.local_path(file.uri):
        return path
    return _local_copy(file, lambda target: storage.get(file.uri, target))


def link_files(files: Iterable[tuple[str, StoredFile]], folder: Path) -> None:
    """Link files of the store into a local folder under the given names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in files:
        (folder / name).symlink_to(local(file))


def _make(folder: str, kind: type[Result], key: str, make: Make, carried: Mapping[str, StoredFile]) -> Result:
    with TemporaryDirectory(prefix="spatialcore-") as work:
        facts = make(Path(work))
        paths = sorted(path for path in Path(work).rglob("*") if path.is_file())
        names = [path.relative_to(work).as_posix() for path in paths]
        files = {name: _put(path, storage.join(folder, name)) for name, path in zip(names, paths, strict=True)}
    result = kind(phase=kind.STAGE, key=key, files={**carried, **files}, facts=dict(facts))
    _write(result, folder)
    return result


def _write(result: StageResult, folder: str) -> None:
    storage.put_text(storage.text_of(result, _store_of(folder)), storage.join(folder, RECORD))


def _store_of(folder: str) -> str:
    """Return the store of ``cache/{key}``."""
    return folder.rstrip("/").rsplit("/", 2)[0]


def _put(path: Path, uri: str) -> StoredFile:
    """Move a file to the store; if the store is remote, keep a local copy for the next stage."""
    file = storage.put(path, uri, move=True)
    if storage.local_path(file.uri) is None:
        _keep_copy(file, path)
    return file


def _keep_copy(file: StoredFile, path: Path) -> None:
    """Keep a local copy of a stored file; if that fails, the next stage downloads the file."""

    def move(target: Path) -> None:
        try:
            shutil.move(path, target)
        except OSError:
            target.unlink(missing_ok=True)
            raise

    try:
        _local_copy(file, move)
    except OSError as error:
        log.warning(
            "%s is stored, but could not be kept in the local cache, so it may be downloaded again: %s", file.uri, error
        )


def _local_copy(file: StoredFile, write: Callable[[Path], object]) -> Path:
    """Return the cached copy of a remote file; `write` creates it if it does not exist."""

    def fetch(target: Path) -> dict[str, Any]:
        write(target)
        return {}

    name = file.uri.rpartition("/")[2]
    return cache.cached(file.uri, file.token, fetch, name=name).path


def _labelled(result: Result, labels: Mapping[str, JsonValue]) -> Result:
    return result.model_copy(update={"facts": {**result.facts, **labels}})
