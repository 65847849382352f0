"""The artifact: ``{name}.pkl``, and ``{name}_celltypist.json``, ``{name}_colors.json``, ``{name}_card.md`` beside it.

The pickle is an ordinary CellTypist model. What CellTypist has no place for (the second voter, the class profiles,
the calibration) lies under one extra key of its dictionary, which CellTypist ignores. The sidecar says in plain
text what the model is: its classes with their Cell Ontology ids, its genes, its input scale, how it was trained,
how well it does on held-out cells, and the sha256 of the pickle, which is checked before the model is used.
"""

import json
import pickle
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from spatialcore.annotation.model.calibration import Calibration
from spatialcore.annotation.model.card import render_card
from spatialcore.annotation.model.celltypist_format import FORMAT, as_celltypist, model_parts
from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.model.safe_pickle import read_pickle
from spatialcore.core.files import whole
from spatialcore.core.normalization import TARGET_SUM
from spatialcore.core.provenance import sha256_of_file, versions
from spatialcore.core.types import Floats
from spatialcore.errors import ModelError


@dataclass(frozen=True)
class CellTypingModel:
    """A trained model, ready to score cells.

    Parameters
    ----------
    classes
        Names of the cell types, in the order of the scores.
    genes
        Gene symbols the model reads.
    linear
        The CellTypist model itself.
    ontology_ids
        Class -> Cell Ontology id; empty text where the class has none.
    colors
        Class -> hex colour.
    target_sum
        The total to which a cell is brought over the model's genes before log1p.
    second
        A second linear model (input log1p at 10,000), trained on the reference as it is; its opinion feeds the
        confidence. ``None`` for models without calibration.
    profiles
        Expected share of each gene per class on the query's platform, classes x genes; ``None`` without calibration.
    calibration
        Turns scores into the probability of being right; ``None`` for models of others.
    metadata
        What the sidecar says.
    """

    classes: tuple[str, ...]
    genes: tuple[str, ...]
    linear: Standardized
    ontology_ids: dict[str, str] = field(default_factory=dict)
    colors: dict[str, str] = field(default_factory=dict)
    target_sum: float = TARGET_SUM
    second: Standardized | None = None
    profiles: Floats | None = None
    calibration: Calibration | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None

    @cached_property
    def sha256(self) -> str:
        """The digest of the pickle, empty for a model that was never saved."""
        return sha256_of_file(self.path) if self.path else ""

    @property
    def ontology_names(self) -> dict[str, str]:
        """Class -> Cell Ontology name, empty text where the class has no id."""
        stored = self.metadata.get("ontology_names", {})
        return {name: stored.get(name, name if self.ontology_ids.get(name) else "") for name in self.classes}


def sidecar_path(path: Path) -> Path:
    """Return where the JSON beside a model lies."""
    return path.with_name(f"{path.stem}_celltypist.json")


def colors_path(path: Path) -> Path:
    """Return where the colours beside a model lie."""
    return path.with_name(f"{path.stem}_colors.json")


def card_path(path: Path) -> Path:
    """Return where the model card beside a model lies."""
    return path.with_name(f"{path.stem}_card.md")


def load_model(path: str | Path) -> CellTypingModel:
    """Read a model from a local file without running anything that is in it.

    Parameters
    ----------
    path
        A ``.pkl``: one of ours, or any CellTypist model. A bare file name means the current folder.

    Raises
    ------
    FileMissingError
        There is no such file.
    ModelError
        The file is damaged, holds objects that no model needs, or is not the one its sidecar describes.
    """
    file = Path(path).expanduser()
    metadata = _read_json(sidecar_path(file))
    stated = metadata.get("sha256")
    content = read_pickle(file)
    if stated and stated != sha256_of_file(file):
        raise ModelError(
            f"{file} is not the file that {sidecar_path(file).name} describes: its sha256 differs",
            hint="fetch both files again, or delete the sidecar if you know where the model comes from",
        )
    parts = model_parts(content, metadata, file)
    return CellTypingModel(**parts, colors=_read_json(colors_path(file)), metadata=metadata, path=file)


def save_model(model: CellTypingModel, path: str | Path) -> CellTypingModel:
    """Write the files of a model and its card; each appears under its name only when it is whole.

    Returns
    -------
    CellTypingModel
        The same model, knowing its path.
    """
    from dataclasses import replace

    file = Path(path).expanduser()
    file = file if file.suffix == ".pkl" else file.with_name(file.name + ".pkl")
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
        raise ModelError(f"{path} is not JSON: {error}", hint="fetch or write it again") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds no table", hint="fetch or write it again")
    return content


def _write_whole(path: Path, content: bytes) -> None:
    with whole(path) as part:
        part.write_bytes(content)
