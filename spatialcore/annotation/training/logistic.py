"""Class-balanced multinomial logistic regression to convergence, on a sparse matrix, in blocks.

The model is scikit-learn's (L2 with inverse strength C, intercept not penalized, ``class_weight="balanced"``) on
CellTypist's features: each gene standardized and clipped at 10. The standardization is folded into the weights at every
step, so only blocks of the log1p matrix become dense, in float32.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from spatialcore.annotation.model import compiled
from spatialcore.annotation.model.linear import CLIP, Standardized
from spatialcore.core.types import Codes, Floats

Float32s = npt.NDArray[np.float32]
BLOCK_VALUES = 4_000_000
DENSE_FROM = 0.05  # share of non-zero values from which blocks are dense for scipy
DENSE_LOOPS_FROM = 0.4  # the same where the loops are compiled
VECTOR = 16
NEVER = -1e30  # score of a class of the padding
CACHED_CELLS = 2_000  # their scores stay in the processor's cache between the two loops
SUMMED_CELLS = 20_000  # summed in single precision
GRADIENT = 1e-4  # of the mean loss, as in scikit-learn


def moments(X: sparse.csr_matrix) -> tuple[Floats, Floats]:
    """Return mean and standard deviation (ddof 0) of each column; a constant column gets the deviation 1."""
    n = X.shape[0]
    sums, squares = np.zeros((2, X.shape[1]))
    for first in range(0, X.nnz, BLOCK_VALUES):
        genes = X.indices[first : first + BLOCK_VALUES]
        values = X.data[first : first + BLOCK_VALUES].astype(np.float64)
        sums += np.bincount(genes, weights=values, minlength=len(sums))
        squares += np.bincount(genes, weights=values**2, minlength=len(sums))
    mean = sums / n
    scale = np.sqrt(np.maximum(squares / n - mean**2, 0.0))
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
    return fit_together([(X, codes)], n_classes, C=C, max_iter=max_iter, power=power, start=start)[0]


def fit_together(
    parts: Sequence[tuple[sparse.csr_matrix, Codes]],
    n_classes: int,
    *,
    C: float = 0.01,
    max_iter: int = 40,
    power: float = 1.0,
    start: Standardized | None = None,
) -> list[Standardized]:
    """Fit one table of weights on several matrices, each of them standardized by itself.

    Parameters
    ----------
    parts
        log1p matrices with the classes of their cells, as in :func:`fit_logistic`.

    Returns
    -------
    list
        One model a part; they differ in mean and scale only.
    """
    codes = np.concatenate([labels for _, labels in parts])
    weights = np.split(balanced_weights(codes, n_classes, power), np.cumsum([len(labels) for _, labels in parts])[:-1])
    standards = [moments(X) for X, _ in parts]
    problems = [
        _Problem.make(X, labels, part / len(codes), n_classes, mean, scale)
        for (X, labels), part, (mean, scale) in zip(parts, weights, standards, strict=True)
    ]
    x0 = np.zeros((n_classes, parts[0][0].shape[1] + 1))
    if start is not None and start.coef.shape[0] == n_classes:
        x0[:, :-1], x0[:, -1] = start.coef, start.intercept
    ridge = 1.0 / (C * len(codes))

    def loss_and_gradient(theta: Floats) -> tuple[float, Floats]:
        table = theta.reshape(n_classes, -1)
        loss, gradient = 0.5 * ridge * float((table[:, :-1] ** 2).sum()), np.zeros_like(table)
        gradient[:, :-1] = ridge * table[:, :-1]
        for problem in problems:
            part, slope = problem.loss_and_gradient(table)
            loss += part
            gradient += slope
        return loss, gradient.ravel()

    fit = optimize.minimize(
        loss_and_gradient,
        x0.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iter, "gtol": GRADIENT},
    )
    theta = fit.x.reshape(n_classes, -1)
    coef, intercept = theta[:, :-1], theta[:, -1]
    if n_classes == 2:  # CellTypist's two-class form has one row
        coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
    return [Standardized(coef=coef.copy(), intercept=intercept.copy(), mean=m, scale=s) for m, s in standards]


@dataclass(frozen=True)
class _Problem:
    X: sparse.csr_matrix
    codes: Codes
    weights: npt.NDArray[np.float32]
    n_classes: int
    mean: Floats
    scale: Floats
    loops: compiled.FitLoops | None = None

    @classmethod
    def make(
        cls,
        X: sparse.csr_matrix,
        codes: Codes,
        weights: Floats,
        n_classes: int,
        mean: Floats,
        scale: Floats,
    ) -> "_Problem":
        cap = (CLIP * scale + mean).astype(np.float32)
        data = X.data.astype(np.float32)
        for first in range(0, len(data), BLOCK_VALUES):
            part = slice(first, first + BLOCK_VALUES)
            np.minimum(data[part], cap[X.indices[part]], out=data[part])
        capped = sparse.csr_matrix((data, X.indices, X.indptr), shape=X.shape)
        library = compiled.library()
        is_sparse = X.nnz < DENSE_LOOPS_FROM * X.shape[0] * X.shape[1]
        loops = None if library is None or not is_sparse else compiled.FitLoops(capped, library)
        return cls(capped, codes, weights.astype(np.float32), n_classes, mean, scale, loops)

    def loss_and_gradient(self, table: Floats) -> tuple[float, Floats]:
        """Return the weighted loss and its gradient with respect to the weights of standardized values."""
        folded = table[:, :-1] / self.scale
        offset = (table[:, -1] - folded @ self.mean).astype(np.float32)
        pass_over = self._dense_pass if self.loops is None else self._sparse_pass
        by_gene, by_class, loss = pass_over(folded.T.astype(np.float32), offset)
        gradient = np.empty_like(table)
        gradient[:, :-1] = ((by_gene - np.outer(self.mean, by_class)) / self.scale[:, None]).T
        gradient[:, -1] = by_class
        return loss, gradient

    def _dense_pass(self, weights: Float32s, offset: Float32s) -> tuple[Floats, Floats, float]:
        """Return sums over the cells: gradient by gene (genes x classes) and by class, and loss."""
        weights = np.ascontiguousarray(weights)
        by_gene, by_class, loss = np.zeros(weights.shape), np.zeros(self.n_classes), 0.0
        for rows, block in self._blocks():
            residual, part = _softmax_residual(block @ weights + offset, self.codes[rows], self.weights[rows])
            by_gene += block.T @ residual
            by_class += residual.sum(axis=0, dtype=np.float64)
            loss += part
        return by_gene, by_class, loss

    def _sparse_pass(self, weights: Float32s, offset: Float32s) -> tuple[Floats, Floats, float]:
        """Return the same by the compiled loops; classes are padded to whole vectors, with a probability of zero."""
        if self.loops is None:
            raise TypeError("the loops are not compiled")
        n, width = self.X.shape[0], -(-self.n_classes // VECTOR) * VECTOR
        padded = np.zeros((len(weights), width), np.float32)
        padded[:, : self.n_classes] = weights
        level = np.full(width, NEVER, np.float32)
        level[: self.n_classes] = offset
        by_gene, by_class, loss = np.zeros(padded.shape), np.zeros(width), 0.0
        for begin in range(0, n, SUMMED_CELLS):
            gradient = np.zeros_like(padded)
            for first in range(begin, min(begin + SUMMED_CELLS, n), CACHED_CELLS):
                last = min(first + CACHED_CELLS, begin + SUMMED_CELLS, n)
                scores = self.loops.scores(first, last, padded, level)
                residual, part = _softmax_residual(scores, self.codes[first:last], self.weights[first:last])
                self.loops.add_gradient(first, last, residual, gradient)
                by_class += residual.sum(axis=0, dtype=np.float64)
                loss += part
            by_gene += gradient
        return by_gene[:, : self.n_classes], by_class[: self.n_classes], loss

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
