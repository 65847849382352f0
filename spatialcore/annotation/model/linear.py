"""Exact decision scores of a linear model on standardised, clipped data, without leaving the sparse matrix.

CellTypist scores ``minimum((x - mean) / scale, 10) @ coef.T + intercept``. Because the standard deviation is positive,
that is the same as ``minimum(x, cap) @ W + b`` with ``cap = 10 * scale + mean``, ``W = (coef / scale).T`` and
``b = intercept - (coef / scale) @ mean``: zeros of the log1p matrix stay zeros and cost nothing.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import expit

from spatialcore.annotation.model import compiled
from spatialcore.core.compressed import rows_of
from spatialcore.core.types import Floats

CLIP = 10.0
SLICE_VALUES = 100_000


@dataclass(frozen=True)
class Standardized:
    """A linear model as CellTypist stores it: it acts on standardised values that are clipped at 10 from above.

    Parameters
    ----------
    coef
        Weights, classes x genes; one row for a two-class model.
    intercept
        One value per row of `coef`.
    mean, scale
        Mean and standard deviation of each gene in the training data (log1p scale).
    """

    coef: Floats
    intercept: Floats
    mean: Floats
    scale: Floats

    def on_genes(self, indices: npt.NDArray[np.intp] | None = None) -> "FoldedLinearModel":
        """Fold the standardisation into the weights, over all genes or over the given ones.

        A gene left out adds nothing, which is how CellTypist treats a gene that the query lacks.
        """
        pick = slice(None) if indices is None else indices
        mean, scale = self.mean[pick], self.scale[pick]
        weights = self.coef[:, pick] / scale
        return FoldedLinearModel(
            weights=np.ascontiguousarray(weights.T, dtype=np.float64),
            offset=np.asarray(self.intercept - weights @ mean, dtype=np.float64),
            cap=np.asarray(CLIP * scale + mean, dtype=np.float64),
        )

    @classmethod
    def from_estimator(cls, classifier: Any, scaler: Any) -> Self:
        """Take the arrays of a CellTypist model's classifier and scaler."""
        mean = scaler.mean_ if getattr(scaler, "with_mean", True) else np.zeros_like(scaler.scale_)
        return cls(
            *(
                np.asarray(part, dtype=np.float64)
                for part in (classifier.coef_, classifier.intercept_, mean, scaler.scale_)
            )
        )


@dataclass(frozen=True)
class FoldedLinearModel:
    """The folded form: ``minimum(x, cap) @ weights + offset``.

    Parameters
    ----------
    weights
        Genes x rows of the model; in float32, the scores are computed and returned in float32.
    offset
        One value per row of the model.
    cap
        The largest log1p value that counts, per gene.
    """

    weights: compiled.Table
    offset: compiled.Table
    cap: compiled.Table

    @classmethod
    def of_weights(cls, weights: Any) -> Self:
        """Return the model of a plain product with weights, classes x genes: without offset and cap.

        Examples
        --------
        >>> FoldedLinearModel.of_weights(np.eye(2)).scores(sparse.csr_matrix([[3.0, 4.0]])).tolist()
        [[3.0, 4.0]]
        """
        n_classes, n_genes = weights.shape
        table: compiled.Table = np.ascontiguousarray(weights.T)
        return cls(table, np.zeros(n_classes, table.dtype), np.full(n_genes, np.inf, table.dtype))

    def scores(self, block: sparse.csr_matrix) -> Floats:
        """Return the decision scores of log1p data, cells x classes.

        A two-class model has one row; its scores are the columns ``[-s, s]``, as in CellTypist.
        """
        result: Any = compiled.scores(block, self.weights, self.offset, self.cap)
        if result is None:
            result = self._scores_by_scipy(block)
        scores: Floats = np.column_stack([-result[:, 0], result[:, 0]]) if result.shape[1] == 1 else result
        return scores

    def _scores_by_scipy(self, block: sparse.csr_matrix) -> compiled.Table:
        step = max(1, SLICE_VALUES // max(1, block.nnz // max(1, block.shape[0])))
        result = np.empty((block.shape[0], self.weights.shape[1]), self.weights.dtype)
        for first in range(0, block.shape[0], step):  # what fits a processor's cache takes a third of the time
            rows = slice(first, first + step)
            np.add(self._capped(block, rows) @ self.weights, self.offset, out=result[rows])
        return result

    def _capped(self, block: sparse.csr_matrix, rows: slice) -> sparse.csr_matrix:
        pointers = block.indptr[rows.start : rows.stop + 1]
        span = slice(int(pointers[0]), int(pointers[-1]))
        indices = block.indices[span]
        values = np.minimum(block.data[span], self.cap.take(indices))
        return rows_of(values, indices, pointers - pointers[0], block.shape[1])


def winners(scores: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return per cell the index of the best class and CellTypist's probability of it, the logistic of its score."""
    best = scores.argmax(axis=1)
    return best, expit(scores[np.arange(len(scores)), best])
