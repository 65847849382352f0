"""The files of a model: ``{name}.pkl``, ``{name}_celltypist.json``, ``{name}_colors.json`` and ``{name}_card.md``.

The pickle is an ordinary CellTypist model. What CellTypist does not have (the auxiliary model, the class profiles, the
calibration) is under one extra key of its dictionary, which CellTypist ignores. The sidecar describes the model:
classes with their Cell Ontology ids, genes, input scale, training, scores on held-out cells, and the sha256 of the
pickle, which is checked when the model is loaded.
"""

import json
import pickle
from pathlib import Path
from typing import Any

from spatialcore.annotation.model.card import render_card
from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.model.celltypist_format import FORMAT, as_celltypist, model_parts
from spatialcore.annotation.model.safe_pickle import read_pickle
from spatialcore.core.files import whole
from spatialcore.core.provenance import sha256_of_file, versions
from spatialcore.core.text.names import slug_of
from spatialcore.errors import ModelError

__all__ = ["CellTypingModel", "card_path", "colors_path", "load_model", "model_file", "save_model", "sidecar_path"]


def sidecar_path(path: Path) -> Path:
    """Return the path of the JSON sidecar of a model."""
    return path.with_name(f"{path.stem}_celltypist.json")


def colors_path(path: Path) -> Path:
    """Return the path of the colours of a model."""
    return path.with_name(f"{path.stem}_colors.json")


def card_path(path: Path) -> Path:
    """Return the path of the card of a model."""
    return path.with_name(f"{path.stem}_card.md")


def model_file(path: str | Path, name: str = "model") -> Path:
    """Return the file that a model is written to: a path without the suffix .pkl gets it, a folder a file of a name.

    Examples
    --------
    >>> model_file("models/breast").name
    'breast.pkl'
    """
    file = Path(path).expanduser()
    if file.is_dir():
        return file / f"{slug_of(name, 'the model name')}.pkl"
    return file if file.suffix == ".pkl" else file.with_name(file.name + ".pkl")


def load_model(path: str | Path) -> CellTypingModel:
    """Read a model from a local file without running code from it.

    Parameters
    ----------
    path
        A ``.pkl`` of this package or of CellTypist. A file name without a folder is in the current folder.

    Returns
    -------
    CellTypingModel
        The model with its calibration, colours and sidecar.

    Raises
    ------
    FileMissingError
        The file does not exist.
    ModelError
        The file is damaged, contains objects that a model must not contain, or differs from its sidecar.

    Examples
    --------
    >>> import tempfile
    >>> from spatialcore.annotation import train_celltypist_model
    >>> from spatialcore.demo import simulated_data
    >>> query, reference = simulated_data()
    >>> model = f"{tempfile.mkdtemp()}/blood.pkl"
    >>> _ = train_celltypist_model(reference, "cell_type", output_path=model, trainer="logistic", query=query)
    >>> load_model(model).classes
    ('B cell', 'T cell', 'fibroblast', 'mast cell')
    """
    file = Path(path).expanduser()
    metadata = _read_json(sidecar_path(file))
    stated = metadata.get("sha256")
    content = read_pickle(file)
    if stated and stated != sha256_of_file(file):
        raise ModelError(
            f"{file} is not the file that {sidecar_path(file).name} describes: its sha256 differs",
            hint=f"download both files again, or delete {sidecar_path(file).name} if you trust the source of the model",
        )
    parts = model_parts(content, metadata, file)
    return CellTypingModel(**parts, colors=_read_json(colors_path(file)), metadata=metadata, path=file)


def save_model(model: CellTypingModel, path: str | Path) -> CellTypingModel:
    """Write the files of a model; each appears under its name when it is complete.

    Returns
    -------
    CellTypingModel
        The same model with its path.
    """
    from dataclasses import replace

    file = model_file(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    _write_whole(file, pickle.dumps(as_celltypist(model), protocol=4))
    metadata = {
        "format": FORMAT,
        "classes": list(model.classes),
        "genes": list(model.genes),
        "ontology_ids": {name: model.ontology_ids.get(name, "") for name in model.classes},
        "target_sum": model.target_sum,
        **model.metadata,
        "calibration": model.calibration.to_dict() if model.calibration else None,
        "versions": versions(),
        "sha256": sha256_of_file(file),
    }
    _write_whole(sidecar_path(file), json.dumps(metadata, indent=1, allow_nan=False, default=float).encode())
    _write_whole(colors_path(file), json.dumps(model.colors, indent=1).encode())
    _write_whole(card_path(file), render_card(metadata).encode())
    return replace(model, metadata=metadata, path=file)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise ModelError(f"{path} is not JSON: {error}", hint="download or write it again") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} is not a JSON object", hint="download or write it again")
    return content


def _write_whole(path: Path, content: bytes) -> None:
    with whole(path) as part:
        part.write_bytes(content)
