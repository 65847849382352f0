"""The probability of every class, from the scores of a cell and the confidence in its best class.

They are the calibrated confidence c for the best class k, and for the others what is left,
``(f - c) p_j / (1 - p_k)``, with p the softmax of ``scores / T`` and f the share of cells with this fit to their class
profile that are cells of any class at all. For terms above classes, calls take squares of the p_j (half the T): what
the class lacks is mostly its siblings'.
"""

from typing import Final

import numpy as np
from scipy.special import expit

from spatialcore.core.types import Codes, Floats

# Deviance from the class profile, in standard deviations of right held-out calls, at which half of the cells are of no
# class, and the slope. Cells with genes dealt at random lie below -5 on the open pairs, 99 % of real cells above -4.5.
FIT_CENTER: Final = -5.5
FIT_SLOPE: Final = 2.0


def class_probabilities(
    scores: Floats, best: Codes, confidence: Floats, *, temperature: float = 1.0, fit: Floats | float = 1.0
) -> Floats:
    """Return the probability of every class, cells x classes; what is missing to 1 is the probability of no class.

    Parameters
    ----------
    scores
        Decision scores, cells x classes.
    best, confidence
        The best class of each cell, and how probable it is.
    temperature
        Divides the scores before their softmax.
    fit
        The probability that the cell is of any class, see :func:`fit_probability`.

    Examples
    --------
    >>> class_probabilities(np.log([[6.0, 3.0, 1.0]]), np.array([0]), np.array([0.8])).round(2).tolist()
    [[0.8, 0.15, 0.05]]
    """
    rows = np.arange(len(best))
    shares: Floats = scores - scores.max(axis=1, keepdims=True)
    shares /= temperature
    np.exp(shares, out=shares)
    shares[rows, best] = 0.0
    rest = shares.sum(axis=1)
    excess = np.maximum(fit - confidence, 0.0)
    shares *= np.divide(excess, rest, out=np.zeros(len(best)), where=rest > 0)[:, None]
    shares[rows, best] = confidence
    return shares


def fit_probability(deviance: Floats) -> Floats:
    """Return the probability of being of any class, from the deviance in standard deviations of held-out cells."""
    result: Floats = expit(FIT_SLOPE * (deviance - FIT_CENTER))
    return result
