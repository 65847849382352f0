"""Fit the calibration on held-out cells and decoys."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from spatialcore.annotation.model.calibration import Calibration, CalibrationFeatures, fit_calibration, fit_temperature
from spatialcore.annotation.training.validation.held_out import HeldOut
from spatialcore.annotation.training.validation.result import CrossValidationResult
from spatialcore.core.types import Floats

# Weight of the decoys, as a share of that of the held-out cells.
UNSEEN_SHARE: Final = 0.08
SHUFFLED_SHARE: Final = 0.05


def calibrate(scored: Sequence[HeldOut], class_weights: Floats) -> tuple[CrossValidationResult, Calibration]:
    """Fit the calibration on the held-out cells of several folds.

    Decoys count as wrong calls, with a small weight.

    Parameters
    ----------
    scored
        The held-out cells and decoys of each fold.
    class_weights
        Weight of all cells of a class.

    Returns
    -------
    tuple of CrossValidationResult and Calibration
        The held-out cells without decoys, and the calibration.
    """
    cells, shuffled = [part.cells for part in scored], [part.shuffled for part in scored]
    unseen = [part.unseen for part in scored if part.unseen is not None]
    n_classes = len(class_weights)
    truth, best = np.concatenate([part.truth for part in cells]), np.concatenate([part.best for part in cells])
    weights = class_weights[truth] / np.bincount(truth, minlength=n_classes)[truth]
    weights /= weights.sum()
    temperature = fit_temperature(np.concatenate([part.scores for part in cells]), truth, weights)
    decoys = [(unseen, UNSEEN_SHARE)] * bool(unseen) + [(shuffled, SHUFFLED_SHARE)]
    groups = [(cells, weights), *((group, weights * share) for group, share in decoys)]
    evidence = [_join([part.evidence(temperature) for part in group]) for group, _ in groups]
    right = np.concatenate([best == truth, *(np.zeros(len(truth), dtype=bool) for _ in decoys)])
    calibration = fit_calibration(_join(evidence), right, np.concatenate([each for _, each in groups]), temperature)
    drawn = np.concatenate([part.drawn for part in cells])
    result = CrossValidationResult(truth, best, calibration.probability(evidence[0]), n_classes, drawn)
    return result.measured(), calibration


def _join(parts: list[CalibrationFeatures]) -> CalibrationFeatures:
    names = ("margins", "totals", "deviance", "auxiliary", "best")
    joined = CalibrationFeatures(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    gains = [part.pair_gain for part in parts if part.pair_gain is not None]
    return replace(joined, pair_gain=np.concatenate(gains)) if gains else joined
