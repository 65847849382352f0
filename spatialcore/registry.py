"""Models in a store: versions that never change, and one pointer per tissue that says which is in use.

``models/{tissue}/{version}/`` holds the artifact, its card, plots and report and, written last, ``version.json``.
The version is made of the artifact's content, so publishing the same model twice is publishing it once. Its record
names the files from the store's root: the store may be copied or renamed.
``models/{tissue}/current.json`` is moved by a conditional write; it keeps the moves that were made.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.core.provenance import digest_of, sha256_of_file
from spatialcore.errors import ConflictError, FileMissingError, InputError, TransientStorageError
from spatialcore.storage import StoredFile

log = get_logger(__name__)
CURRENT = "current"
RECORD = "version.json"
POINTER = "current.json"
ATTEMPTS = 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelVersion(_Record):
    """One published model; what ``version.json`` holds."""

    tissue: str
    version: str
    uri: str
    published: datetime
    artifact: str
    files: tuple[StoredFile, ...]
    details: dict[str, Any] = Field(default_factory=dict)

    @property
    def model_uri(self) -> str:
        """Where the .pkl lies."""
        return f"{self.uri}/{self.artifact}"

    @property
    def contents(self) -> dict[str, StoredFile]:
        """The files by their name in the version's folder."""
        folder = f"/{self.tissue}/{self.version}/"
        return {file.uri.rpartition(folder)[2]: file for file in self.files}

    @property
    def model_files(self) -> dict[str, StoredFile]:
        """The model's own files, the .pkl first: what the version is named by."""
        contents, stem = self.contents, self.artifact.rpartition(".")[0]
        own = sorted(name for name in contents if name.startswith(f"{stem}_") and name.endswith(".json"))
        return {name: contents[name] for name in [self.artifact, *own]}


class Move(_Record):
    """One move of the pointer."""

    version: str
    when: datetime
    reason: str = ""


class Pointer(_Record):
    """Which version of a tissue's model is in use, and what was in use before; the last move comes last."""

    tissue: str
    version: str
    moves: tuple[Move, ...]

    @property
    def previous(self) -> str | None:
        """The version that was in use before this one."""
        return next((move.version for move in reversed(self.moves) if move.version != self.version), None)


def publish(
    store: str,
    tissue: str,
    artifact: Sequence[Path],
    *,
    extras: Mapping[str, Path] | None = None,
    details: Mapping[str, Any] | None = None,
) -> ModelVersion:
    """Put a model into the store as a new version; the pointer stays where it is.

    Parameters
    ----------
    store
        Folder or URI of the store.
    tissue
        Whose model it is.
    artifact
        The model's files, the .pkl first. Their content names the version.
    extras
        Further files by their name in the version's folder: plots, report, run manifest.
    details
        What ``show`` tells beside the files: classes, scores, references.

    Returns
    -------
    ModelVersion
        The version, or the one that is there already with this very content.
    """
    folder = f"{_models(store)}/{_checked(tissue)}"
    version = name_of({path.name: sha256_of_file(path) for path in artifact})
    if known := _read_version(store, tissue, version):
        return known
    files = {**{path.name: path for path in artifact}, **(extras or {})}
    stored = [storage.put(path, f"{folder}/{version}/{name}") for name, path in files.items()]
    record = ModelVersion(
        tissue=tissue,
        version=version,
        uri=f"{folder}/{version}",
        published=datetime.now(UTC),
        artifact=artifact[0].name,
        files=tuple(stored),
        details=dict(details or {}),
    )
    try:
        storage.put_new(storage.text_of(record, store).encode(), f"{folder}/{version}/{RECORD}")
    except ConflictError:  # another run published the same content in the meantime
        return show(store, tissue, version)
    log.info("published %s model %s", tissue, version)
    return record


def name_of(digests: Mapping[str, str]) -> str:
    """Return the name of the version with these model files (name -> sha256)."""
    return digest_of(dict(digests))[:12]


def model_uri_of(store: str, tissue: str, artifact: str, digests: Mapping[str, str]) -> str:
    """Return where a model lies once it is published, so that results can name it before."""
    return f"{_models(store)}/{_checked(tissue)}/{name_of(digests)}/{artifact}"


def tissues(store: str) -> list[str]:
    """Return the tissues that have a model."""
    return sorted(_folders(_models(store)))


def versions(store: str, tissue: str) -> list[ModelVersion]:
    """Return a tissue's published versions, oldest first."""
    names = _folders(f"{_models(store)}/{_checked(tissue)}")
    found = (_read_version(store, tissue, name) for name in names)
    return sorted((version for version in found if version), key=lambda version: version.published)


def current(store: str, tissue: str) -> Pointer | None:
    """Return the pointer of a tissue, or None where no version was promoted yet."""
    there, _ = _read_pointer(_pointer_uri(store, tissue))
    return there


def show(store: str, tissue: str, version: str = CURRENT) -> ModelVersion:
    """Return one version, by name or as ``current``.

    Raises
    ------
    FileMissingError
        There is no such version; the message lists those that are.
    """
    name = version
    if version == CURRENT:
        there = current(store, tissue)
        name = there.version if there else ""
    found = _read_version(store, _checked(tissue), _checked(name)) if name else None
    if found is None:
        known = ", ".join(each.version for each in versions(store, tissue)) or "none"
        raise FileMissingError(f"no {version} model of {tissue} in {store}", hint=f"published versions: {known}")
    return found


def promote(store: str, tissue: str, version: str, *, reason: str = "", champion: str | None = None) -> Pointer:
    """Make a version the one in use. Promoting the one in use changes nothing.

    Parameters
    ----------
    store, tissue, version
        Which version of which model.
    reason
        Kept with the move.
    champion
        The version that this one was compared with. If another is in use by now, nothing is moved.

    Raises
    ------
    FileMissingError
        There is no such version.
    ConflictError
        The version in use is not ``champion``.
    """
    wanted = show(store, tissue, version).version

    def decide(there: Pointer | None) -> str:
        if champion is not None and there is not None and there.version not in {champion, wanted}:
            raise ConflictError(f"{tissue} is at {there.version}, not at {champion}", hint="compare again")
        return wanted

    return _move(store, tissue, decide, reason)


def rollback(store: str, tissue: str, *, reason: str = "rollback") -> Pointer:
    """Go back to the version that was in use before.

    Raises
    ------
    InputError
        No other version was in use before.
    """

    def decide(there: Pointer | None) -> str:
        if there is None or there.previous is None:
            raise InputError(f"{tissue} has no earlier version to go back to", hint="promote a version by its name")
        return there.previous

    return _move(store, tissue, decide, reason)


def _move(store: str, tissue: str, decide: Callable[[Pointer | None], str], reason: str) -> Pointer:
    uri = _pointer_uri(store, tissue)
    for _ in range(ATTEMPTS):
        there, token = _read_pointer(uri)
        version = decide(there)
        if there is not None and there.version == version:
            return there
        move = Move(version=version, when=datetime.now(UTC), reason=reason)
        moved = Pointer(tissue=tissue, version=version, moves=(*(there.moves if there else ()), move))
        content = moved.model_dump_json(indent=1).encode()
        try:
            storage.put_if(content, uri, expected=token) if token else storage.put_new(content, uri)
        except ConflictError:  # somebody else moved it since it was read: look again, decide again
            continue
        log.info("the %s model in use is now %s (%s)", tissue, version, reason or "no reason given")
        return moved
    raise TransientStorageError(f"{uri} is being moved all the time", hint="try again later")


def _read_pointer(uri: str) -> tuple[Pointer | None, str]:
    """Return the pointer and a token of it that is not younger: a change in between makes the move fail, never pass."""
    try:
        token = storage.token(uri)
        return Pointer.model_validate_json(storage.read_bytes(uri)), token
    except FileMissingError:
        return None, ""


def _read_version(store: str, tissue: str, name: str) -> ModelVersion | None:
    uri = f"{_models(store)}/{tissue}/{name}/{RECORD}"
    try:
        return storage.read_record(ModelVersion, uri, store)
    except FileMissingError:
        return None


def _folders(uri: str) -> list[str]:
    """Return the names of the folders in a folder."""
    root = storage.parse_uri(f"{uri}/x").uri.removesuffix("x")
    return sorted({file.removeprefix(root).split("/")[0] for file in storage.list_files(uri)})


def _models(store: str) -> str:
    return f"{storage.root_of(store)}/models"


def _pointer_uri(store: str, tissue: str) -> str:
    return f"{_models(store)}/{_checked(tissue)}/{POINTER}"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} cannot name a folder", hint="letters, digits, dot, dash and underscore")
    return name
