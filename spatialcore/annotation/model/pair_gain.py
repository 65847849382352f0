"""How much better a cell is explained as a mixture of two types than as its best class alone.

Segmentation puts transcripts of neighbours into a cell. Such a cell fits no profile alone; the more a second profile
adds, the less its call can be trusted.
"""

from typing import Final

import numpy as np
from scipy import sparse

from spatialcore.core.types import Codes, Floats

SECOND_SHARE: Final = 0.35  # shares of .25, .5 and .75 together rank the cells no better and cost three times as much
LARGEST_GAIN: Final = 30.0


def pair_gain(counts: sparse.csr_matrix, logs: Floats, best: Codes) -> Floats:
    """Return the gain in log likelihood of each cell by a second type, 0 to 30.

    The gain of a cell x of class k is ``max_j x . log(.65 M_k + .35 M_j) - x . log M_k``, 0 where no type adds any.

    Parameters
    ----------
    counts
        Cells x genes.
    logs
        Logarithm of the expected share of each gene per class, ``log M``, classes x genes.
    best
        Class of each cell.
    """
    gain = np.zeros(counts.shape[0])
    for k in np.unique(best):
        rows = np.flatnonzero(best == k)
        weights = np.log1p(SECOND_SHARE * (np.exp(logs - logs[k]) - 1.0))  # of class k itself: zeros
        gain[rows] = (counts[rows] @ weights.T).max(axis=1)
    result: Floats = np.clip(gain, 0.0, LARGEST_GAIN)
    return result
