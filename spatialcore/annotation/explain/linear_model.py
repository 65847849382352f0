"""The linear model that called the cells of an AnnData: its file, or the copy in ``uns``."""

import json
from pathlib import Path

import numpy as np
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.model.artifact import CellTypingModel, load_model
from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.run_manifest import manifest_of
from spatialcore.core.entries import mapping_in
from spatialcore.errors import InputError

_ARRAYS = ("coef", "intercept", "mean", "scale")
_HINT = "pass model=, the .pkl that annotated the cells"


def store_linear_model(adata: AnnData, model: CellTypingModel) -> None:
    """Store the linear model in ``uns["spatialcore_linear_model"]``, for cells whose model is not kept as a file.

    Classes x genes as float64: 145 kB for 57 classes and 318 genes.
    """
    arrays = {name: getattr(model.linear, name) for name in _ARRAYS}
    adata.uns[columns.LINEAR_MODEL] = {
        "classes": np.asarray(model.classes, dtype=str),
        "genes": np.asarray(model.genes, dtype=str),
        "target_sum": float(model.target_sum),
        "sha256": model.sha256,
        **arrays,
    }


def model_of(adata: AnnData, model: CellTypingModel | str | Path | None = None) -> CellTypingModel:
    """Return the model that called the cells: the one given, that of the run manifest, or the copy in ``uns``.

    Raises
    ------
    InputError
        The cells were not annotated by one model, or another model than the one given annotated them, or there is
        neither a file nor a copy.
    """
    manifest = manifest_of(adata)
    path, sha256 = str(manifest.get("model_path", "")), str(manifest.get("model_sha256", ""))
    if not sha256:
        raise InputError("the cells have no calls of this package", hint="annotate them first")
    if ";" in sha256:
        raise InputError("the cells were called by several models", hint="annotate them with ensemble_mode=False")
    if isinstance(model, CellTypingModel):
        chosen = model
    elif model is not None:
        chosen = load_model(model)
    elif Path(path).is_file():
        chosen = load_model(path)
    else:
        return _stored(adata, sha256, path)
    if chosen.sha256 and chosen.sha256 != sha256:
        raise InputError(f"the cells were not annotated by {chosen.path}", hint=_HINT)
    card = json.loads(manifest.get("model_card_json", "{}"))
    return chosen.for_sample(str((card.get("sample") or {}).get("name", "")))


def _stored(adata: AnnData, sha256: str, path: str) -> CellTypingModel:
    stored = mapping_in(adata.uns, columns.LINEAR_MODEL)
    if str(stored.get("sha256", "")) != sha256:
        raise InputError(f"the model {path} no longer exists", hint=_HINT)
    return CellTypingModel(
        classes=tuple(map(str, stored["classes"])),
        genes=tuple(map(str, stored["genes"])),
        linear=Standardized(*(np.asarray(stored[name], dtype=np.float64) for name in _ARRAYS)),
        target_sum=float(stored["target_sum"]),
    )
