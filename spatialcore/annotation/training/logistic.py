"""Class-balanced multinomial logistic regression to convergence, on a sparse matrix, in blocks.

The model is scikit-learn's (L2 with inverse strength C, intercept not penalized, ``class_weight="balanced"``) on
CellTypist's features: each gene standardized and clipped at 10. The standardization is folded into the weights at every
step, so only blocks of the log1p matrix become dense, in float32.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from spatialcore.annotation.model.linear import CLIP, Standardized
from spatialcore.core.types import Codes, Floats

BLOCK_VALUES = 4_000_000
DENSE_FROM = 0.05
GRADIENT = 1e-4  # of the mean loss, as in scikit-learn


def moments(X: sparse.csr_matrix) -> tuple[Floats, Floats]:
    """Return mean and standard deviation (ddof 0) of each column; a constant column gets the deviation 1."""
    n = X.shape[0]
    mean = np.asarray(X.sum(axis=0, dtype=np.float64)).ravel() / n
    squares = np.bincount(X.indices, weights=X.data.astype(np.float64) ** 2, minlength=X.shape[1]) / n
    scale = np.sqrt(np.maximum(squares - mean**2, 0.0))
    return mean, np.where(scale > 1e-9, scale, 1.0)


def balanced_weights(codes: Codes, n_classes: int, power: float = 1.0) -> Floats:
    """Return a weight per cell, the size of its class to the power of ``-power``, scaled to a mean of one.

    With a `power` of 1 every class has the same weight, as with scikit-learn's ``class_weight="balanced"``.
    """
    sizes = np.maximum(np.bincount(codes, minlength=n_classes), 1)
    weights = (sizes.astype(np.float64) ** -power)[codes]
    result: Floats = weights / weights.mean()
    return result


def fit_logistic(
    X: sparse.csr_matrix,
    codes: Codes,
    n_classes: int,
    *,
    C: float = 0.01,
    max_iter: int = 40,
    power: float = 1.0,
    start: Standardized | None = None,
) -> Standardized:
    """Fit the model on log1p data.

    Parameters
    ----------
    X
        log1p matrix, cells x genes.
    codes
        Class of each cell, 0 to ``n_classes - 1``; no class is empty.
    C
        Inverse strength of the L2 penalty, as in scikit-learn (the loss is the sum over cells).
    max_iter
        Maximum number of L-BFGS steps.
    power
        Degree of class balancing, see :func:`balanced_weights`.
    start
        Weights to start from, on the same genes and classes.
    """
    mean, scale = moments(X)
    problem = _Problem.make(X, codes, balanced_weights(codes, n_classes, power), n_classes, mean, scale, C)
    x0 = np.zeros((n_classes, X.shape[1] + 1))
    if start is not None and start.coef.shape[0] == n_classes:
        x0[:, :-1], x0[:, -1] = start.coef, start.intercept
    fit = optimize.minimize(
        problem.loss_and_gradient,
        x0.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iter, "gtol": GRADIENT},
    )
    theta = fit.x.reshape(n_classes, -1)
    coef, intercept = theta[:, :-1], theta[:, -1]
    if n_classes == 2:  # CellTypist's two-class form has one row
        coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
    return Standardized(coef=coef.copy(), intercept=intercept.copy(), mean=mean, scale=scale)


@dataclass(frozen=True)
class _Problem:
    X: sparse.csr_matrix
    codes: Codes
    weights: npt.NDArray[np.float32]
    n_classes: int
    mean: Floats
    scale: Floats
    ridge: float

    @classmethod
    def make(
        cls,
        X: sparse.csr_matrix,
        codes: Codes,
        weights: Floats,
        n_classes: int,
        mean: Floats,
        scale: Floats,
        C: float,
    ) -> "_Problem":
        cap = (CLIP * scale + mean).astype(np.float32)
        data = np.minimum(X.data.astype(np.float32, copy=False), cap[X.indices])
        capped = sparse.csr_matrix((data, X.indices, X.indptr), shape=X.shape)
        return cls(
            capped, codes, (weights / len(codes)).astype(np.float32), n_classes, mean, scale, 1.0 / (C * len(codes))
        )

    def loss_and_gradient(self, theta: Floats) -> tuple[float, Floats]:
        """Return the penalized mean loss and its gradient with respect to the weights of standardized values."""
        table = theta.reshape(self.n_classes, -1)
        folded = table[:, :-1] / self.scale
        offset = (table[:, -1] - folded @ self.mean).astype(np.float32)
        weights = np.ascontiguousarray(folded.T, dtype=np.float32)
        by_gene, by_class, loss = np.zeros(weights.shape), np.zeros(self.n_classes), 0.0
        for rows, block in self._blocks():
            residual, part = _softmax_residual(block @ weights + offset, self.codes[rows], self.weights[rows])
            by_gene += block.T @ residual
            by_class += residual.sum(axis=0, dtype=np.float64)
            loss += part
        gradient = np.empty_like(table)
        gradient[:, :-1] = ((by_gene - np.outer(self.mean, by_class)) / self.scale[:, None]).T + self.ridge * table[
            :, :-1
        ]
        gradient[:, -1] = by_class
        return loss + 0.5 * self.ridge * float((table[:, :-1] ** 2).sum()), gradient.ravel()

    def _blocks(self) -> Iterator[tuple[slice, npt.NDArray[np.float32] | sparse.csr_matrix]]:
        n, genes = self.X.shape
        dense = self.X.nnz > DENSE_FROM * n * genes
        step = max(1, BLOCK_VALUES // max(genes, self.n_classes))
        for first in range(0, n, step):
            rows = slice(first, min(first + step, n))
            block = self.X[rows]
            yield rows, block.toarray() if dense else block


def _softmax_residual(
    scores: npt.NDArray[np.float32], codes: Codes, weights: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], float]:
    """Return the weighted residual (probability - truth), computed in place, and the weighted loss."""
    scores -= scores.max(axis=1, keepdims=True)
    index = np.arange(len(codes))
    true_scores = scores[index, codes].copy()
    np.exp(scores, out=scores)
    total = scores.sum(axis=1, keepdims=True)
    loss = float(weights @ (np.log(total[:, 0]) - true_scores))
    scores /= total
    scores[index, codes] -= 1
    scores *= weights[:, None]
    return scores, loss
