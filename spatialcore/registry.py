"""Model registry of a store: immutable versions, and one pointer per tissue to the version in use.

``models/{tissue}/{version}/`` has the model files, card, plots, report and, written last, ``version.json``. The version
is a digest of the model files, so publishing the same model twice gives one version. The record has file names
relative to the root of the store: a store can be copied or renamed. ``models/{tissue}/current.json`` is the pointer. It
is updated by conditional writes, and contains the history of its moves.
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
from spatialcore.core.text.names import is_derived, slug_of
from spatialcore.errors import ConflictError, FileMissingError, InputError, RecordError, TransientStorageError
from spatialcore.storage import StoredFile
from spatialcore.storage.records import parse_record

log = get_logger(__name__)
CURRENT = "current"
RECORD = "version.json"
POINTER = "current.json"
ATTEMPTS = 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelVersion(_Record):
    """A published model; the content of ``version.json``."""

    tissue: str
    version: str
    uri: str
    published: datetime
    artifact: str
    files: tuple[StoredFile, ...]
    details: dict[str, Any] = Field(default_factory=dict)

    @property
    def model_uri(self) -> str:
        """URI of the .pkl."""
        return f"{self.uri}/{self.artifact}"

    @property
    def contents(self) -> dict[str, StoredFile]:
        """Files by their name in the folder of the version."""
        folder = f"/{slug_of(self.tissue)}/{self.version}/"
        return {file.uri.rpartition(folder)[2]: file for file in self.files}

    @property
    def model_files(self) -> dict[str, StoredFile]:
        """Files of the model, the .pkl first; the version is their digest."""
        contents, stem = self.contents, self.artifact.rpartition(".")[0]
        sidecars = sorted(name for name in contents if name.startswith(f"{stem}_") and name.endswith(".json"))
        return {name: contents[name] for name in [self.artifact, *sidecars]}


class Move(_Record):
    """One move of the pointer."""

    version: str
    when: datetime
    reason: str = ""


class Pointer(_Record):
    """Version in use of the model of a tissue, and the history of moves, the last move last."""

    tissue: str
    version: str
    moves: tuple[Move, ...]

    @property
    def previous(self) -> str | None:
        """The version that was in use before."""
        return next((move.version for move in reversed(self.moves) if move.version != self.version), None)


def publish(
    store: str,
    tissue: str,
    artifact: Sequence[Path],
    *,
    extras: Mapping[str, Path] | None = None,
    details: Mapping[str, Any] | None = None,
) -> ModelVersion:
    """Store a model as a new version; the pointer does not change.

    Parameters
    ----------
    store
        Folder or URI of the store.
    tissue
        Tissue of the model.
    artifact
        Files of the model, the .pkl first. The version is a digest of their content.
    extras
        Other files by their name in the folder of the version: plots, report, run manifest.
    details
        JSON-like details for ``show``: classes, scores, references.

    Returns
    -------
    ModelVersion
        The new version, or the existing version with the same content.

    Examples
    --------
    >>> import tempfile
    >>> store = tempfile.mkdtemp()
    >>> model = Path(store) / "blood.pkl"
    >>> _ = model.write_text("content of a model")
    >>> version = publish(store, "blood", [model])
    >>> promote(store, "blood", version.version).version == show(store, "blood").version
    True
    """
    folder = _folder(store, tissue)
    version = name_of({path.name: sha256_of_file(path) for path in artifact})
    if existing := _read_version(store, tissue, version):
        return existing
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
    except ConflictError:  # another run has published the same content meanwhile
        return show(store, tissue, version)
    log.info("published %s model %s", tissue, version)
    return record


def name_of(digests: Mapping[str, str]) -> str:
    """Return the version of model files, given as name -> sha256.

    Returns
    -------
    str
        12 hexadecimal digits.

    Examples
    --------
    >>> name_of({"blood.pkl": "ab12"}) == name_of({"blood.pkl": "ab12"})
    True
    """
    return digest_of(dict(digests))[:12]


def model_uri_of(store: str, tissue: str, artifact: str, digests: Mapping[str, str]) -> str:
    """Return the URI that a model will have after it is published.

    Returns
    -------
    str
        URI of the .pkl.

    Examples
    --------
    >>> model_uri_of("s3://lab/store", "blood", "blood.pkl", {"blood.pkl": "ab12"}).startswith("s3://lab/store/models/blood/")
    True
    """
    return f"{_folder(store, tissue)}/{name_of(digests)}/{artifact}"


def tissues(store: str) -> list[str]:
    """Return the tissues that have a model, by the names that people gave them.

    Returns
    -------
    list of str
        Names of tissues, sorted.

    Examples
    --------
    >>> import tempfile
    >>> store = tempfile.mkdtemp()
    >>> model = Path(store) / "blood.pkl"
    >>> _ = model.write_text("content of a model")
    >>> version = publish(store, "blood", [model])
    >>> tissues(store)
    ['blood']
    """
    return sorted(_tissue_of(store, folder) for folder in _folders(_models(store)))


def versions(store: str, tissue: str) -> list[ModelVersion]:
    """Return a tissue's published versions, oldest first.

    Returns
    -------
    list of ModelVersion
        The versions; those with an unreadable record are left out with a warning.

    Examples
    --------
    >>> import tempfile
    >>> store = tempfile.mkdtemp()
    >>> model = Path(store) / "blood.pkl"
    >>> _ = model.write_text("content of a model")
    >>> version = publish(store, "blood", [model])
    >>> [each.version for each in versions(store, "blood")] == [version.version]
    True
    """
    names = _folders(_folder(store, tissue))
    records = [version for name in names if (version := _readable_version(store, tissue, name))]
    return sorted(records, key=lambda version: version.published)


def current(store: str, tissue: str) -> Pointer | None:
    """Return the pointer of a tissue, or None if no version has been promoted.

    Returns
    -------
    Pointer or None
        The version in use and the history of moves.

    Examples
    --------
    >>> import tempfile
    >>> current(tempfile.mkdtemp(), "blood") is None
    True
    """
    pointer, _ = _read_pointer(_pointer_uri(store, tissue))
    return pointer


def show(store: str, tissue: str, version: str = CURRENT) -> ModelVersion:
    """Return a version by name, or the version in use (``current``).

    Returns
    -------
    ModelVersion
        The version with its files and details.

    Raises
    ------
    FileMissingError
        There is no such version; the hint lists the published versions.

    Examples
    --------
    >>> import tempfile
    >>> store = tempfile.mkdtemp()
    >>> model = Path(store) / "blood.pkl"
    >>> _ = model.write_text("content of a model")
    >>> version = publish(store, "blood", [model])
    >>> show(store, "blood", version.version).artifact
    'blood.pkl'
    """
    name = version
    if version == CURRENT:
        pointer = current(store, tissue)
        name = pointer.version if pointer else ""
    record = _read_version(store, tissue, _checked(name)) if name else None
    if record is None:
        published = ", ".join(each.version for each in versions(store, tissue)) or "none"
        raise FileMissingError(f"no {version} model of {tissue} in {store}", hint=f"published versions: {published}")
    return record


def promote(store: str, tissue: str, version: str, *, reason: str = "", champion: str | None = None) -> Pointer:
    """Put a version into use. Promoting the version in use changes nothing.

    Parameters
    ----------
    store, tissue, version
        Version of the model of a tissue.
    reason
        Reason of the move, stored in the history.
    champion
        The version that this one was compared with. If another version is in use, an error is raised.

    Returns
    -------
    Pointer
        The pointer after the move.

    Raises
    ------
    FileMissingError
        There is no such version.
    ConflictError
        The version in use is not ``champion``.

    Examples
    --------
    >>> import tempfile
    >>> store = tempfile.mkdtemp()
    >>> model = Path(store) / "blood.pkl"
    >>> _ = model.write_text("content of a model")
    >>> version = publish(store, "blood", [model])
    >>> promote(store, "blood", version.version, reason="first model").moves[-1].reason
    'first model'
    """
    challenger = show(store, tissue, version).version

    def decide(pointer: Pointer | None) -> str:
        if champion is not None and pointer is not None and pointer.version not in {champion, challenger}:
            raise ConflictError(
                f"the {tissue} model in use is {pointer.version}, expected {champion}",
                hint="compare with the version in use",
            )
        return challenger

    return _move(store, tissue, decide, reason)


def rollback(store: str, tissue: str, *, reason: str = "rollback") -> Pointer:
    """Put the previous version into use again.

    Returns
    -------
    Pointer
        The pointer after the move.

    Raises
    ------
    InputError
        There is no previous version.

    Examples
    --------
    >>> import tempfile
    >>> store = tempfile.mkdtemp()
    >>> model = Path(store) / "blood.pkl"
    >>> _ = model.write_text("content of a model")
    >>> version = publish(store, "blood", [model])
    >>> _ = promote(store, "blood", version.version)
    >>> _ = model.write_text("content of another model")
    >>> _ = promote(store, "blood", publish(store, "blood", [model]).version)
    >>> rollback(store, "blood").version == version.version
    True
    """

    def decide(pointer: Pointer | None) -> str:
        if pointer is None or pointer.previous is None:
            raise InputError(f"{tissue} has no previous version", hint="promote a version by its name")
        return pointer.previous

    return _move(store, tissue, decide, reason)


def _move(store: str, tissue: str, decide: Callable[[Pointer | None], str], reason: str) -> Pointer:
    uri = _pointer_uri(store, tissue)
    for _ in range(ATTEMPTS):
        pointer, token = _read_pointer(uri)
        version = decide(pointer)
        if pointer is not None and pointer.version == version:
            return pointer
        move = Move(version=version, when=datetime.now(UTC), reason=reason)
        moved = Pointer(tissue=tissue, version=version, moves=(*(pointer.moves if pointer else ()), move))
        content = moved.model_dump_json(indent=1).encode()
        try:
            storage.put_if(content, uri, expected=token) if token else storage.put_new(content, uri)
        except ConflictError:  # another process moved the pointer: read it and decide again
            continue
        log.info("%s model in use is now %s (%s)", tissue, version, reason or "no reason given")
        return moved
    raise TransientStorageError(f"{uri} is being changed by other processes", hint="try again later")


def _read_pointer(uri: str) -> tuple[Pointer | None, str]:
    """Return the pointer and its version token. The token is read first, so a change in between is noticed."""
    try:
        token = storage.token(uri)
        return parse_record(Pointer, storage.read_bytes(uri), uri), token
    except FileMissingError:
        return None, ""


def _read_version(store: str, tissue: str, name: str) -> ModelVersion | None:
    uri = f"{_folder(store, tissue)}/{name}/{RECORD}"
    try:
        return storage.read_record(ModelVersion, uri, store)
    except FileMissingError:
        return None


def _readable_version(store: str, tissue: str, name: str) -> ModelVersion | None:
    """Return a version, or None for one whose record cannot be read: it must not hide the others."""
    try:
        return _read_version(store, tissue, name)
    except RecordError as error:
        log.warning("a version is left out: %s", error)
        return None


def _tissue_of(store: str, folder: str) -> str:
    """Return the name of the tissue whose models lie in a folder: a slug of another name cannot be read back."""
    if not is_derived(folder):
        return folder
    for name in _folders(f"{_models(store)}/{folder}"):
        uri = f"{_models(store)}/{folder}/{name}/{RECORD}"
        try:
            return storage.read_record(ModelVersion, uri, store).tissue
        except (FileMissingError, RecordError):
            continue
    return folder


def _folders(uri: str) -> list[str]:
    """Return the names of the subfolders of a folder."""
    root = storage.parse_uri(f"{uri}/x").uri.removesuffix("x")
    return sorted({file.removeprefix(root).split("/")[0] for file in storage.list_files(uri)})


def _models(store: str) -> str:
    return f"{storage.root_of(store)}/models"


def _folder(store: str, tissue: str) -> str:
    return f"{_models(store)}/{slug_of(tissue, 'the tissue')}"


def _pointer_uri(store: str, tissue: str) -> str:
    return f"{_folder(store, tissue)}/{POINTER}"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is not a valid name", hint="use letters, digits, dot, dash and underscore")
    return name
