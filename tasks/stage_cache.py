"""Results of phases in the store: found again by their key, as long as their files are there unchanged.

``cache/{key}/`` holds the files of one result and, written last, ``result.json``. The store is the only memory: another
worker on another machine finds the same results, and so does whoever reads a copy of the store.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import ValidationError

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError
from spatialcore.storage import StoredFile, cache
from tasks.alone import exclusive_lock
from tasks.schemas import StageResult

log = get_logger(__name__)
Make = Callable[[Path], dict[str, Any]]

RECORD = "result.json"


def cached_stage(
    store: str, phase: str, key: str, make: Make, *, carried: Mapping[str, StoredFile] | None = None, **about: Any
) -> StageResult:
    """Return the result of a phase: the one in the store, else made now.

    Parameters
    ----------
    store
        Folder or URI of the store.
    phase, key
        Which phase, and what :func:`tasks.cache_keys.stage_key` says of it.
    make
        Writes the result's files into the folder that it is given and returns facts about them.
    carried
        Files of earlier results without which this one means nothing.
    **about
        DatasetSummary that belong to who asked, not to the content: two samples of the same content share one result.

    Returns
    -------
    StageResult
        In a state called "Cached" where it was found; runs that want the same result at once, on one machine or on
        several, make it once.
    """
    folder = storage.join(store, "cache", key)
    with exclusive_lock(folder, lambda: find(folder)) as known:
        if known is not None:
            log.info("%s: unchanged, found in the store", phase)
            found: State[Any] = Completed(name="Cached", message=f"unchanged: {key}", data=_with(known, about))
            return cast(StageResult, found)  # Prefect unwraps it for whoever called the task
        return _with(_make(folder, phase, key, make, carried or {}), about)


def find(folder: str) -> StageResult | None:
    """Return a result from the store if every file of it is there as it was written.

    In a copy of a store the files have other version tokens: they are known by their content, and the record is then
    written anew, so that they are read through once.
    """
    try:
        result = storage.read_record(StageResult, storage.join(folder, RECORD), _store_of(folder))
    except (FileMissingError, ValidationError):
        return None
    files = {name: storage.recognised(file) for name, file in result.files.items()}
    there = {name: file for name, file in files.items() if file is not None}
    if len(there) < len(files):
        return None
    if there != result.files:
        result = result.model_copy(update={"files": there})
        _write(result, folder)
    return result


def local(file: StoredFile) -> Path:
    """Return a path on this machine with a file of the store, fetched and checked where it is not here yet."""
    if storage.scheme_of(file.uri) == "file":
        return Path(storage.parse_uri(file.uri).path)
    return _kept_here(file, lambda target: storage.get(file.uri, target))


def link_files(files: Iterable[tuple[str, StoredFile]], folder: Path) -> None:
    """Put files of the store into one local folder, under their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in files:
        (folder / name).symlink_to(local(file))


def _make(folder: str, phase: str, key: str, make: Make, carried: Mapping[str, StoredFile]) -> StageResult:
    with TemporaryDirectory(prefix="spatialcore-") as work:
        facts = make(Path(work))
        written = sorted(path for path in Path(work).rglob("*") if path.is_file())
        names = [path.relative_to(work).as_posix() for path in written]
        files = {name: _stored(path, storage.join(folder, name)) for name, path in zip(names, written, strict=True)}
    result = StageResult(phase=phase, key=key, files={**carried, **files}, facts=facts)
    _write(result, folder)
    return result


def _write(result: StageResult, folder: str) -> None:
    storage.put_text(storage.text_of(result, _store_of(folder)), storage.join(folder, RECORD))


def _store_of(folder: str) -> str:
    """Return the store in which ``cache/{key}`` lies."""
    return folder.rstrip("/").rsplit("/", 2)[0]


def _stored(path: Path, uri: str) -> StoredFile:
    """Store a file, and keep it for the next phase where the store is elsewhere."""
    file = storage.put(path, uri, move=True)
    if storage.scheme_of(file.uri) != "file":
        _kept_here(file, lambda target: shutil.move(path, target))
    return file


def _kept_here(file: StoredFile, bring: Callable[[Path], object]) -> Path:
    """Return this machine's copy of a file of the store, brought where there is none yet."""

    def fetch(target: Path) -> dict[str, Any]:
        bring(target)
        return {}

    name = file.uri.rpartition("/")[2]
    return cache.cached(file.uri, file.token, fetch, name=name).path


def _with(result: StageResult, about: dict[str, Any]) -> StageResult:
    return result.model_copy(update={"facts": {**result.facts, **about}})
