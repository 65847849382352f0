"""Which classes the panel cannot tell apart.

Two classes are confusable when, among held-out cells of the two that got one of their names, more than a tenth got
the wrong one (classes weighted equally).
"""

from typing import TypedDict

import numpy as np
import numpy.typing as npt

CONFUSABLE = 0.10


class ConfusablePair(TypedDict):
    """Two classes, and the share of their cells that got the name of the other; both classes have equal weight."""

    classes: list[str]
    share: float


def confusable_pairs(confusion: npt.ArrayLike, classes: tuple[str, ...]) -> list[ConfusablePair]:
    """Return the pairs of classes that are taken for each other, the worst first.

    Parameters
    ----------
    confusion
        Counts of held-out cells, truth x call.
    classes
        Names of the classes.

    Returns
    -------
    list of ConfusablePair
        Pairs with a share above 0.1. The share is of the cells of the two classes that got one of their names.
    """
    counts = np.asarray(confusion, dtype=np.float64)
    rates = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right = np.diag(rates)
    wrong = rates + rates.T
    share = np.divide(wrong, wrong + right[:, None] + right, out=np.zeros_like(wrong), where=wrong > 0)
    pairs = [(i, j) for i, j in zip(*np.triu_indices(len(classes), 1), strict=True) if share[i, j] > CONFUSABLE]
    pairs.sort(key=lambda pair: (-share[pair], pair))
    return [{"classes": [classes[i], classes[j]], "share": round(float(share[i, j]), 4)} for i, j in pairs]
