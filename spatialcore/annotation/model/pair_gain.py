"""How much better a cell is explained as a mixture of two types than as its best class alone.

Segmentation puts transcripts of neighbours into a cell. Such a cell fits no profile alone; the more a second profile
adds, the less its call can be trusted.
"""

from typing import Final

import numpy as np
from scipy import sparse

from spatialcore.annotation.model.linear import FoldedLinearModel
from spatialcore.core.compressed import rows_by_group
from spatialcore.core.types import Codes, Floats

SECOND_SHARE: Final = 0.35  # shares of .25, .5 and .75 together rank the cells no better and cost three times as much
MAX_GAIN: Final = 30.0
MAX_STORED_VALUES: Final = 40_000_000  # weights of all pairs of classes; more are computed for each block of cells


class PairGain:
    """The gain of cells by a second type, for given class profiles.

    The gain of a cell x of class k is ``max_j x . log(.65 M_k + .35 M_j) - x . log M_k``, at most 30, and 0 where no
    type adds any.

    Parameters
    ----------
    logs
        Logarithm of the expected share of each gene per class, ``log M``, classes x genes.
    """

    def __init__(self, logs: Floats) -> None:
        self._profiles = np.exp(logs)
        self._models: dict[int, FoldedLinearModel] = {}

    def of(self, counts: sparse.csr_matrix, best: Codes, seconds: Codes | None = None) -> Floats:
        """Return the gain of each cell.

        Parameters
        ----------
        counts
            Cells x genes.
        best
            Class of each cell.
        seconds
            The classes that may be the second type; all by default.
        """
        gain = np.zeros(counts.shape[0])
        for k, rows, cells in rows_by_group(counts, best):
            gains = self._model(k).scores(cells)
            gain[rows] = (gains if seconds is None else gains[:, seconds]).max(axis=1)
        result: Floats = np.clip(gain, 0.0, MAX_GAIN)
        return result

    def _model(self, k: int) -> FoldedLinearModel:
        """Return what each second type adds per count of a gene to cells of class k; of class k itself zeros."""
        if k in self._models:
            return self._models[k]
        ratio = (self._profiles / self._profiles[k]).astype(np.float32)
        weights = np.log((1 - SECOND_SHARE) + SECOND_SHARE * ratio)  # in float32, a seventh of the time
        weights[k] = 0.0
        model = FoldedLinearModel.of_weights(weights)
        if len(ratio) * ratio.size <= MAX_STORED_VALUES:
            self._models[k] = model
        return model
