"""Publish a model as a new version."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.core.provenance import digest_of, sha256_of_file
from spatialcore.errors import ConflictError
from spatialcore.registry.layout import RECORD, tissue_folder
from spatialcore.registry.model_versions import read_version, show
from spatialcore.registry.records import ModelVersion

log = get_logger(__name__)


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
    >>> from pathlib import Path
    >>> store = tempfile.mkdtemp()
    >>> model = Path(store) / "blood.pkl"
    >>> _ = model.write_text("content of a model")
    >>> version = publish(store, "blood", [model], details={"classes": ["B cell", "T cell"]})
    >>> version.version, version.artifact, version.details
    ('d440156f767e', 'blood.pkl', {'classes': ['B cell', 'T cell']})
    """
    folder = tissue_folder(store, tissue)
    version = name_of({path.name: sha256_of_file(path) for path in artifact})
    if existing := read_version(store, tissue, version):
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

    Parameters
    ----------
    digests
        File name -> sha256 of the files of the model.

    Returns
    -------
    str
        12 hexadecimal digits.

    Examples
    --------
    >>> name_of({"blood.pkl": "ab12"}), name_of({"blood.pkl": "cd34"})
    ('e59c36d074c0', '04bd66577f89')
    """
    return digest_of(dict(digests))[:12]


def model_uri_of(store: str, tissue: str, artifact: str, digests: Mapping[str, str]) -> str:
    """Return the URI that a model will have after it is published.

    Parameters
    ----------
    store
        Folder or URI of the store.
    tissue
        Tissue of the model.
    artifact
        File name of the .pkl.
    digests
        File name -> sha256 of the files of the model.

    Returns
    -------
    str
        URI of the .pkl.

    Examples
    --------
    >>> uri = model_uri_of("s3://lab/store", "blood", "blood.pkl", {"blood.pkl": "ab12"})
    >>> uri.partition("/blood/")[0]
    's3://lab/store/models'
    """
    return f"{tissue_folder(store, tissue)}/{name_of(digests)}/{artifact}"
