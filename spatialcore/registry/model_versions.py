"""The model versions of a store: list and read them."""

import re

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.core.text.names import is_derived
from spatialcore.errors import (
    FileMissingError,
    InputError,
    RecordError,
    StorageError,
    TransientStorageError,
)
from spatialcore.registry.layout import RECORD, models_folder, tissue_folder
from spatialcore.registry.pointer import current
from spatialcore.registry.records import ModelVersion

log = get_logger(__name__)
CURRENT = "current"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def tissues(store: str) -> list[str]:
    """Return the tissues that have a model, with the names given by users.

    Parameters
    ----------
    store
        Folder or URI of the store.

    Returns
    -------
    list of str
        Names of tissues, sorted.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spatialcore.registry import publish
    >>> store = tempfile.mkdtemp()
    >>> model = Path(store) / "blood.pkl"
    >>> _ = model.write_text("content of a model")
    >>> version = publish(store, "blood", [model])
    >>> tissues(store)
    ['blood']
    """
    return sorted(_tissue_of(store, folder) for folder in _folders(models_folder(store)))


def versions(store: str, tissue: str) -> list[ModelVersion]:
    """Return a tissue's published versions, oldest first.

    Parameters
    ----------
    store
        Folder or URI of the store.
    tissue
        Tissue of the model.

    Returns
    -------
    list of ModelVersion
        The versions; those with an unreadable record are left out with a warning.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spatialcore.registry import publish
    >>> store = tempfile.mkdtemp()
    >>> model = Path(store) / "blood.pkl"
    >>> _ = model.write_text("content of a model")
    >>> _ = publish(store, "blood", [model])
    >>> [version.version for version in versions(store, "blood")]
    ['d440156f767e']
    """
    names = _folders(tissue_folder(store, tissue))
    records = [version for name in names if (version := _readable_version(store, tissue, name))]
    return sorted(records, key=lambda version: version.published)


def show(store: str, tissue: str, version: str = CURRENT) -> ModelVersion:
    """Return a version by name, or the version in use (``current``).

    Parameters
    ----------
    store
        Folder or URI of the store.
    tissue
        Tissue of the model.
    version
        Name of a version, or "current" for the one in use.

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
    >>> from pathlib import Path
    >>> from spatialcore.registry import publish
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
    record = read_version(store, tissue, _checked(name)) if name else None
    if record is None:
        published = ", ".join(each.version for each in versions(store, tissue)) or "none"
        raise FileMissingError(f"no {version} model of {tissue} in {store}", hint=f"published versions: {published}")
    return record


def read_version(store: str, tissue: str, name: str) -> ModelVersion | None:
    """Return the version of a name, or None if there is none."""
    uri = f"{tissue_folder(store, tissue)}/{name}/{RECORD}"
    try:
        return storage.read_record(ModelVersion, uri, store)
    except FileMissingError:
        return None


def _readable_version(store: str, tissue: str, name: str) -> ModelVersion | None:
    """Return a version, or None for one whose record cannot be read: it must not hide the others."""
    try:
        return read_version(store, tissue, name)
    except TransientStorageError:
        raise
    except (RecordError, StorageError) as error:
        log.warning("a version is left out: %s", error)
        return None


def _tissue_of(store: str, folder: str) -> str:
    """Return the name of the tissue whose models lie in a folder: a slug of another name cannot be read back."""
    if not is_derived(folder):
        return folder
    for name in _folders(f"{models_folder(store)}/{folder}"):
        uri = f"{models_folder(store)}/{folder}/{name}/{RECORD}"
        try:
            return storage.read_record(ModelVersion, uri, store).tissue
        except (FileMissingError, RecordError):
            continue
    return folder


def _folders(uri: str) -> list[str]:
    """Return the names of the subfolders of a folder."""
    root = storage.parse_uri(f"{uri}/x").uri.removesuffix("x")
    return sorted({file.removeprefix(root).split("/")[0] for file in storage.list_files(uri)})


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is not a valid name", hint="use letters, digits, dot, dash and underscore")
    return name
