"""Agreement with the neighbours in the tissue, as evidence for or against a call.

A call that many of the nearest cells share is more often right than an isolated one. The logit of the confidence
moves by half the logarithm of the share of neighbours with the same call over the share of such calls in the whole
query; then all move by one amount, so that the mean confidence stays.
"""

from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.spatial import cKDTree
from scipy.special import expit, logit

from spatialcore.annotation.expression.cell_order import by_place
from spatialcore.core.types import Codes, Floats

NEIGHBOURS: Final = 30
WEIGHT: Final = 0.5
OFFSET: Final = 0.05
MIN_CELLS: Final = 300
BLOCK_CELLS: Final = 20_000
LIMITS: Final = (1e-6, 1 - 1e-6)
SHIFTS: Final = (-10.0, 10.0)


def weigh_by_neighbours(confidence: Floats, best: Codes, coordinates: Floats) -> Floats:
    """Return the confidence with the neighbours' agreement weighed in.

    Parameters
    ----------
    confidence
        Calibrated confidence of each cell, 0 for a cell without a call.
    best
        Class of each cell, -1 for a cell without a call.
    coordinates
        Cells x 2 or 3. Cells without finite coordinates keep their confidence.
    """
    used = np.flatnonzero((best >= 0) & np.isfinite(coordinates).all(axis=1))
    if len(used) < MIN_CELLS:
        return confidence
    used = used[by_place(coordinates[used], best[used], confidence[used])]
    called = best[used]
    agreeing = _agreeing(called, coordinates[used])
    overall = np.bincount(called)[called] / len(called)
    moved = logit(np.clip(confidence[used], *LIMITS)) + WEIGHT * np.log((agreeing + OFFSET) / (overall + OFFSET))
    result = confidence.copy()
    result[used] = expit(moved - _common_shift(moved, float(confidence[used].mean())))
    return result


def _agreeing(called: Codes, coordinates: Floats) -> Floats:
    """Return the share of each cell's neighbours with its own call.

    Cells are looked up in the order of the tree, in which those of a block are near each other.
    """
    tree = cKDTree(coordinates)
    result = np.empty(len(called))
    for first in range(0, len(called), BLOCK_CELLS):
        cells = tree.indices[first : first + BLOCK_CELLS]
        nearest = np.asarray(tree.query(coordinates[cells], NEIGHBOURS + 1)[1])[:, 1:]
        result[cells] = (called[nearest] == called[cells, None]).mean(axis=1)
    return result


def _common_shift(logits: Floats, mean: float) -> float:
    """Return the amount to subtract from all logits so that the probabilities have this mean."""
    low, high = (float(expit(logits - shift).mean()) - mean for shift in SHIFTS)
    if low <= 0 or high >= 0:
        return SHIFTS[0] if low <= 0 else SHIFTS[1]
    return float(brentq(lambda shift: float(expit(logits - shift).mean()) - mean, *SHIFTS, xtol=1e-12))
