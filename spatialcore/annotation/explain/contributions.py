"""What each gene adds to the lead of a cell's best class over the runner-up.

The score of a class is linear in the standardized expression of the cell: ``score_k = sum_g coef_kg z_g + intercept_k``
with ``z_g = min((x_g - mean_g) / scale_g, 10)``, where x is log1p of the cell's counts at the model's total and mean
and scale are those of the training cells. The lead over the runner-up j is therefore a sum over genes,
``(coef_kg - coef_jg) z_g``, plus the difference of the intercepts.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.model.linear import CLIP, Standardized
from spatialcore.core.types import Codes, Floats

EXPRESSED: Final = "expressed"
ABSENT: Final = "absent"
MISSING: Final = "missing"
UNEXPECTED: Final = "unexpected"


@dataclass(frozen=True)
class Contributions:
    """Contributions of genes to the lead of the best class.

    Parameters
    ----------
    best, runner_up
        Position of the class with the highest and the second highest score, shape (n_cells,).
    weights
        Difference of the coefficients of the two classes, cells x genes.
    standardized
        The standardized expression, cells x genes: 0 is the mean of the training cells.
    intercept
        Difference of the intercepts, shape (n_cells,).
    """

    best: Codes
    runner_up: Codes
    weights: Floats
    standardized: Floats
    intercept: Floats

    @property
    def values(self) -> Floats:
        """Contributions, cells x genes; with the intercept they add up to the lead."""
        return self.weights * self.standardized

    @property
    def lead(self) -> Floats:
        """Score of the best class minus that of the runner-up, shape (n_cells,)."""
        lead: Floats = self.values.sum(axis=1) + self.intercept
        return lead


def contributions(
    linear: Standardized, log_values: sparse.csr_matrix, genes: npt.NDArray[np.intp] | None = None
) -> Contributions:
    """Return what each gene adds to the lead of the best class of each cell.

    Parameters
    ----------
    linear
        The linear model.
    log_values
        log1p at the model's total, cells x genes.
    genes
        Positions of these genes in the model; default: all. A gene that the query lacks adds nothing to any score.

    Examples
    --------
    >>> linear = Standardized(np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]), np.zeros(3), np.zeros(2), np.ones(2))
    >>> parts = contributions(linear, sparse.csr_matrix([[2.0, 0.5]]))
    >>> parts.values.tolist(), parts.lead.tolist()
    ([[2.0, -0.5]], [1.5])
    """
    pick = slice(None) if genes is None else genes
    coef, intercept = class_rows(linear)
    coef = coef[:, pick]
    standardized = np.minimum((log_values.toarray().astype(np.float64) - linear.mean[pick]) / linear.scale[pick], CLIP)
    scores = standardized @ coef.T + intercept
    index = np.arange(len(scores))
    best = scores.argmax(axis=1)
    scores[index, best] = -np.inf
    runner_up = scores.argmax(axis=1)
    return Contributions(
        best.astype(np.int32),
        runner_up.astype(np.int32),
        coef[best] - coef[runner_up],
        standardized,
        intercept[best] - intercept[runner_up],
    )


def class_rows(linear: Standardized) -> tuple[Floats, Floats]:
    """Return coefficients and intercepts with one row per class; a two-class model stores the second only."""
    if len(linear.coef) > 1:
        return linear.coef, linear.intercept
    return np.vstack([-linear.coef, linear.coef]), np.concatenate([-linear.intercept, linear.intercept])


def roles(weights: Floats, standardized: Floats) -> npt.NDArray[np.str_]:
    """Return the role of each gene.

    - "expressed": more of it than in the mean training cell, as in cells of the class
    - "absent": less of it than in the mean training cell, as in cells of the class
    - "missing": cells of the class have more of it than those of the runner-up, this cell has little
    - "unexpected": cells of the runner-up have more of it, and so has this cell

    Examples
    --------
    >>> roles(np.array([1.0, -1.0, 1.0, -1.0]), np.array([1.0, -1.0, -1.0, 1.0])).tolist()
    ['expressed', 'absent', 'missing', 'unexpected']
    """
    supports_call, is_high = weights > 0, standardized > 0
    return np.where(supports_call, np.where(is_high, EXPRESSED, MISSING), np.where(is_high, UNEXPECTED, ABSENT))
