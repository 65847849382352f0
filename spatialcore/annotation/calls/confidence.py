"""Confidence from decision scores, for models that have no calibration."""

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from spatialcore.annotation.choices import ConfidenceMethod
from spatialcore.core.types import Floats
from spatialcore.core.validation import require_one_of
from spatialcore.errors import InputError


def transform_confidence(scores: npt.ArrayLike, method: ConfidenceMethod = "zscore") -> Floats:
    """Convert the decision scores of each cell into one confidence between 0 and 1.

    For a cell with scores s over K classes:

    zscore
        ``sigmoid((max s - mean s) / sd s)``, sd with ddof 0. It measures the lead of the best class, not how often
        it is right, and depends on K: at most ``sigmoid(sqrt(K - 1))``, .73 for two classes.
    softmax
        the share of the best class in the sum of ``exp(s)``
    minmax
        the lead of the best class over the second, relative to the range of the cell's scores
    raw
        ``sigmoid(max s)``, CellTypist's probability

    Parameters
    ----------
    scores
        Decision scores, cells x classes.
    method
        One of the above. "calibrated" needs the cells themselves and is done by ``annotate_celltypist``.

    Returns
    -------
    ndarray
        One value per cell. A cell whose scores are all equal, or not finite, gets 0.5 by zscore, and 0 where a
        score is NaN.

    Raises
    ------
    InputError
        An unknown method, or scores that are not a cells x classes table.

    Examples
    --------
    >>> transform_confidence([[4.0, 0.0, 0.0, 0.0]], "zscore").round(3).tolist()
    [0.85]
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2:
        raise InputError(
            f"scores have the shape {table.shape}, expected cells x at least two classes",
            hint="pass the whole score table",
        )
    if method == "calibrated":
        raise InputError(
            "'calibrated' cannot be computed from scores alone: it also needs the counts of the cells",
            hint="call annotate_celltypist(..., confidence_transform='calibrated') with a model trained here",
        )
    require_one_of("confidence method", method, _TRANSFORMS)
    if not len(table):
        return np.zeros(0)
    result: Floats = np.nan_to_num(_TRANSFORMS[method](table), nan=0.0)
    return result


def _zscore(scores: Floats) -> Floats:
    centered = scores - scores.mean(axis=1, keepdims=True)
    lead = centered.max(axis=1)
    spread = np.sqrt(np.einsum("ij,ij->i", centered, centered) / scores.shape[1])
    z = np.divide(lead, spread, out=np.where(np.isfinite(lead), 0.0, np.nan), where=spread > 1e-12)
    result: Floats = expit(z)
    return result


def _softmax(scores: Floats) -> Floats:
    result: Floats = 1.0 / np.exp(scores - scores.max(axis=1, keepdims=True)).sum(axis=1)
    return result


def _minmax(scores: Floats) -> Floats:
    top = np.partition(scores, -2, axis=1)[:, -2:]
    span = top[:, 1] - scores.min(axis=1)
    result: Floats = np.divide(top[:, 1] - top[:, 0], span, out=np.zeros_like(span), where=span > 0)
    return result


def _raw(scores: Floats) -> Floats:
    result: Floats = expit(scores.max(axis=1))
    return result


_TRANSFORMS = {"zscore": _zscore, "softmax": _softmax, "minmax": _minmax, "raw": _raw}
