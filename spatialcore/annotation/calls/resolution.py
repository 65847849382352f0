"""Which classes the panel cannot tell apart.

Two classes are confusable when, among held-out cells of the two that got one of their names, more than a tenth got
the wrong one (classes weighted equally).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

CONFUSABLE = 0.10


def confusable_pairs(confusion: npt.ArrayLike, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the pairs of classes that are taken for each other, the worst first.

    Parameters
    ----------
    confusion
        Counts of held-out cells, truth x call.
    classes
        Names of the classes.

    Returns
    -------
    For each pair ``classes`` (two names) and ``share``: of the cells of the two that were given one of their names,
    the share that was given the wrong one, both classes weighing the same.
    """
    counts = np.asarray(confusion, dtype=np.float64)
    rates = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right = np.diag(rates)
    wrong = rates + rates.T
    share = np.divide(wrong, wrong + right[:, None] + right, out=np.zeros_like(wrong), where=wrong > 0)
    pairs = [(i, j) for i, j in zip(*np.triu_indices(len(classes), 1), strict=True) if share[i, j] > CONFUSABLE]
    pairs.sort(key=lambda pair: (-share[pair], pair))
    return [{"classes": [classes[i], classes[j]], "share": round(float(share[i, j]), 4)} for i, j in pairs]
