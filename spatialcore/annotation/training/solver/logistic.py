"""Class-balanced multinomial logistic regression to convergence, on a sparse matrix, in blocks.

The model is scikit-learn's (L2 with inverse strength C, intercept not penalized, ``class_weight="balanced"``) on
CellTypist's features: each gene standardized and clipped at 10. The standardization is folded into the weights at every
step, so the log1p values are stored as they are, see :mod:`spatialcore.annotation.training.solver.fit_cells`.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from spatialcore.annotation.model import compiled
from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.training.solver.fit_cells import FitCells
from spatialcore.core.types import Codes, Floats

GRADIENT = 1e-4  # of the mean loss, as in scikit-learn


def balanced_weights(codes: Codes, n_classes: int, power: float = 1.0) -> Floats:
    """Return a weight per cell, the size of its class to the power of ``-power``, scaled to a mean of one.

    With a `power` of 1 every class has the same weight, as with scikit-learn's ``class_weight="balanced"``.
    """
    sizes = np.maximum(np.bincount(codes, minlength=n_classes), 1)
    weights = (sizes.astype(np.float64) ** -power)[codes]
    result: Floats = weights / weights.mean()
    return result


def fit_logistic(
    X: sparse.csr_matrix | FitCells,
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
        log1p matrix, cells x genes, or the same in blocks.
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
    cells = X if isinstance(X, FitCells) else FitCells.of([X])
    return fit_together([(cells, codes)], n_classes, C=C, max_iter=max_iter, power=power, start=start)[0]


def fit_together(
    parts: Sequence[tuple[FitCells, Codes]],
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
        Cells with their classes, as in :func:`fit_logistic`.

    Returns
    -------
    list
        One model a part; they differ in mean and scale only.
    """
    codes = np.concatenate([labels for _, labels in parts])
    weights = np.split(balanced_weights(codes, n_classes, power), np.cumsum([len(labels) for _, labels in parts])[:-1])
    shares = [part / len(codes) for part in weights]
    x0 = np.zeros((n_classes, len(parts[0][0].mean) + 1))
    if start is not None and start.coef.shape[0] == n_classes:
        x0[:, :-1], x0[:, -1] = start.coef, start.intercept
    ridge = 1.0 / (C * len(codes))

    def loss_and_gradient(theta: Floats) -> tuple[float, Floats]:
        table = theta.reshape(n_classes, -1)
        loss, gradient = 0.5 * ridge * float((table[:, :-1] ** 2).sum()), np.zeros_like(table)
        gradient[:, :-1] = ridge * table[:, :-1]
        for (cells, labels), share in zip(parts, shares, strict=True):
            part, slope = _loss_and_gradient(cells, labels, share.astype(np.float32), table)
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
    return [
        Standardized(coef=coef.copy(), intercept=intercept.copy(), mean=cells.mean, scale=cells.scale)
        for cells, _ in parts
    ]


def _loss_and_gradient(
    cells: FitCells, codes: Codes, weights: npt.NDArray[np.float32], table: Floats
) -> tuple[float, Floats]:
    """Return the weighted loss and its gradient with respect to the weights of standardized values."""
    folded = table[:, :-1] / cells.scale

    def residual(scores: npt.NDArray[np.float32], rows: slice) -> tuple[npt.NDArray[np.float32], float]:
        return _softmax_residual(scores, codes[rows], weights[rows])

    by_gene, by_class, loss = cells.gradient(folded.T, table[:, -1] - folded @ cells.mean, residual)
    gradient = np.empty_like(table)
    gradient[:, :-1] = ((by_gene - np.outer(cells.mean, by_class)) / cells.scale[:, None]).T
    gradient[:, -1] = by_class
    return loss, gradient


def _softmax_residual(
    scores: npt.NDArray[np.float32], codes: Codes, weights: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], float]:
    """Return the weighted residual (probability - truth), computed in place, and the weighted loss."""
    compiled_loss = compiled.softmax_residual(scores, codes, weights)
    if compiled_loss is not None:
        return scores, compiled_loss
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
