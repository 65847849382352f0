"""How well markers confirm the calls, as numbers: one row per type."""

import warnings
from typing import Any, Final

import numpy as np
import pandas as pd

from spatialcore.core.logging import get_logger
from spatialcore.core.types import Floats
from spatialcore.plotting.markers import MarkerScores
from spatialcore.plotting.mixture import MixtureError, bright_threshold

log = get_logger(__name__)

SUMMARY_COLUMNS: Final = (
    "cell_type",
    "n_cells",
    "n_markers",
    "markers",
    "mean_confidence",
    "mean_marker_score",
    "marker_threshold",
    "n_low_confidence",
    "n_high_confidence",
    "n_validated",
    "pct_high_confidence",
    "pct_validated",
    "auc",
    "mistaken_for",
    "mistaken_auc",
)


def validate(
    scored: MarkerScores, confidence: Floats, threshold: float, *, min_cells: int, n_components: int
) -> pd.DataFrame:
    """Return the summary: one row per type that has markers and cells enough and whose mixture could be fitted.

    ``mistaken_for`` is the other type whose cells score highest on this type's markers, and ``mistaken_auc`` how high.
    """
    groups, rows = scored.groups, []
    for column, (name, genes) in enumerate(scored.sets.items()):
        k = groups.names.index(name)
        inside = groups.codes == k
        if int(inside.sum()) < min_cells:
            continue
        score = scored.scores[:, column]
        try:
            bright = bright_threshold(score[inside], score[~inside & (groups.codes >= 0)], n_components=n_components)
        except MixtureError as error:
            warnings.warn(f"{name} is left out of the 2D validation: {error.message}", UserWarning, stacklevel=3)
            log.warning("%s is left out of the 2D validation: %s", name, error.message)
            continue
        row = _one(name, genes, score[inside], confidence[inside], threshold, bright)
        rows.append(row | _separation(scored, name))
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def _one(
    name: str, genes: list[str], score: Floats, confidence: Floats, threshold: float, bright: float
) -> dict[str, Any]:
    high = np.nan_to_num(confidence, nan=-1.0) >= threshold
    validated = high & (score >= bright)
    return {
        "cell_type": name,
        "n_cells": score.size,
        "n_markers": len(genes),
        "markers": " ".join(genes),
        "mean_confidence": float(np.nanmean(confidence)) if np.isfinite(confidence).any() else np.nan,
        "mean_marker_score": float(score.mean()),
        "marker_threshold": bright,
        "n_low_confidence": int((~high).sum()),
        "n_high_confidence": int(high.sum()),
        "n_validated": int(validated.sum()),
        "pct_high_confidence": 100 * float(high.mean()),
        "pct_validated": 100 * float(validated.mean()),
    }


def _separation(scored: MarkerScores, name: str) -> dict[str, Any]:
    of_others = scored.auc[name].drop(name).dropna()
    rival = str(of_others.idxmax()) if len(of_others) else ""
    return {
        "auc": float(scored.auc[name].to_dict()[name]),
        "mistaken_for": rival,
        "mistaken_auc": float(of_others.max()) if rival else np.nan,
    }
