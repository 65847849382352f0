"""The dictionary in a model's pickle, as stock CellTypist reads it: from a model and back."""

from pathlib import Path
from typing import Any

import numpy as np

from spatialcore.annotation.model.calibration import Calibration
from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.model.cohort import Cohort
from spatialcore.annotation.model.linear import Standardized
from spatialcore.core.normalization import TARGET_SUM
from spatialcore.errors import ModelError

EXTRA_KEY = "spatialcore"
FORMAT = 1


def model_parts(content: dict[str, Any], metadata: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the fields of a :class:`~spatialcore.annotation.model.celltyping_model.CellTypingModel` from its pickle.

    Parameters
    ----------
    content
        The unpickled dictionary, of this package or of CellTypist.
    metadata
        The sidecar, for fields that the pickle lacks.
    path
        The path of the pickle, for errors.

    Raises
    ------
    ModelError
        A part is missing, or the shapes of the parts differ.
    """
    classifier, extra = content["Model"], content.get(EXTRA_KEY) or {}
    if hasattr(classifier, "classifier"):  # a pickled celltypist.models.Model
        classifier = classifier.classifier
    try:
        linear = Standardized.from_estimator(classifier, content["Scaler_"])
        classes = tuple(str(name) for name in classifier.classes_)
        genes = tuple(str(gene) for gene in classifier.features)
    except AttributeError as error:
        raise ModelError(
            f"{path} lacks a part of a CellTypist model: {error}", hint="train or download it again"
        ) from error
    _check_shapes(linear, classes, genes, path)
    return {"classes": classes, "genes": genes, "linear": linear, **_extra_parts(extra, metadata)}


def _extra_parts(extra: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that stock CellTypist does not have."""
    return {
        "ontology_ids": dict(extra.get("ontology_ids") or metadata.get("ontology_ids") or {}),
        "target_sum": float(extra.get("target_sum", metadata.get("target_sum", TARGET_SUM))),
        "auxiliary": Standardized(**extra["second"]) if extra.get("second") else None,
        "profiles": extra.get("profiles"),
        "reference_profiles": extra.get("reference_profiles"),
        "background": extra.get("background"),
        "calibration": Calibration.from_dict(extra["calibration"]) if extra.get("calibration") else None,
        "cohort": Cohort.from_dict(extra["cohort"]) if extra.get("cohort") else None,
    }


def _check_shapes(linear: Standardized, classes: tuple[str, ...], genes: tuple[str, ...], path: Path) -> None:
    rows = 1 if len(classes) == 2 else len(classes)
    if linear.coef.shape != (rows, len(genes)) or linear.mean.shape != (len(genes),):
        raise ModelError(
            f"{path}: coefficients {linear.coef.shape} do not fit {len(classes)} classes and {len(genes)} genes",
            hint="the file is damaged or was edited by hand",
        )
    finite = all(np.isfinite(part).all() for part in (linear.coef, linear.intercept, linear.mean, linear.scale))
    if not finite or (linear.scale <= 0).any():
        raise ModelError(f"{path}: coefficients or scales are not finite positive numbers", hint="train it again")


def as_celltypist(model: CellTypingModel) -> dict[str, Any]:
    """Build the dictionary that stock CellTypist unpickles."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    classifier = LogisticRegression()
    classifier.classes_ = np.array(model.classes)
    classifier.coef_, classifier.intercept_ = model.linear.coef, model.linear.intercept
    classifier.features = np.array(model.genes, dtype=object)
    classifier.n_features_in_ = len(model.genes)
    scaler = StandardScaler()
    scaler.mean_, scaler.scale_, scaler.var_ = model.linear.mean, model.linear.scale, model.linear.scale**2
    scaler.n_features_in_ = len(model.genes)
    return {"Model": classifier, "Scaler_": scaler, "description": _description(model), EXTRA_KEY: _extra(model)}


def _description(model: CellTypingModel) -> dict[str, Any]:
    about = model.metadata
    return {
        "date": about.get("date", ""),  # none by us: the same training gives the same bytes
        "details": f"input: log1p of counts brought to {model.target_sum:g} over the model's {len(model.genes)} genes",
        "url": "",
        "source": about.get("source", ""),
        "version": f"format {FORMAT}",
        "number_celltypes": len(model.classes),
        "target_sum": model.target_sum,
    }


def _extra(model: CellTypingModel) -> dict[str, Any]:
    return {
        "ontology_ids": model.ontology_ids,
        "target_sum": model.target_sum,
        "second": vars(model.auxiliary) if model.auxiliary else None,  # the name in files of earlier versions
        "profiles": model.profiles,
        "reference_profiles": model.reference_profiles,
        "background": model.background,
        "calibration": model.calibration.to_dict() if model.calibration else None,
        **({"cohort": model.cohort.to_dict()} if model.cohort else {}),
    }
