"""What the panel cannot tell apart, and the name such calls get: the classes' lowest common Cell Ontology ancestor.

Two classes are confusable when, among held-out cells of the two that got one of their names, more than a tenth got
the wrong one (classes weighted alike). A call is merged only where its cell is ambiguous itself: its two best classes
are a confusable pair, and the better has less than `SURE` of their joint probability.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from spatialcore.annotation.ontology.hierarchy import depth, distance, is_term, lowest_common_ancestor, name_of
from spatialcore.core.types import Codes, Floats
from spatialcore.errors import ModelError

CONFUSABLE = 0.10
SURE = 0.80
MOST_STEPS = 3
LEAST_DEPTH = 3


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
    found = [(i, j) for i, j in zip(*np.triu_indices(len(classes), 1), strict=True) if share[i, j] > CONFUSABLE]
    found.sort(key=lambda pair: (-share[pair], pair))
    return [{"classes": [classes[i], classes[j]], "share": round(float(share[i, j]), 4)} for i, j in found]


@dataclass(frozen=True)
class Resolution:
    """Which pairs of classes have a common name, and what it is.

    Parameters
    ----------
    merged
        Classes x classes: which of `names` the pair gets, -1 for none.
    names, ids
        Cell Ontology names and ids of the ancestors.
    """

    merged: npt.NDArray[np.int32]
    names: tuple[str, ...]
    ids: tuple[str, ...]

    @classmethod
    def of_model(cls, classes: tuple[str, ...], ids: dict[str, str], metadata: dict[str, Any]) -> Self:
        """Find the ancestors of a model's confusable pairs.

        Pairs without an ancestor near enough to mean something keep their names.

        Raises
        ------
        ModelError
            The model has no held-out cells to find confusions in.
        """
        confusion = (metadata.get("heldout") or {}).get("confusion")
        if not confusion:
            raise ModelError(
                "resolution='auto' needs a model that knows its confusions, and this one has no held-out figures",
                hint="train with train_celltypist_model(trainer='logistic'), or leave resolution='class'",
            )
        merged = np.full((len(classes), len(classes)), -1, dtype=np.int32)
        terms: list[str] = []
        for pair in confusable_pairs(confusion, classes):
            i, j = (classes.index(name) for name in pair["classes"])
            term = common_term(ids.get(classes[i], ""), ids.get(classes[j], ""))
            if term:
                terms += [term] if term not in terms else []
                merged[i, j] = merged[j, i] = terms.index(term)
        return cls(merged, tuple(name_of(term) for term in terms), tuple(terms))

    def merge(self, scores: Floats, best: Codes, temperature: float) -> tuple[npt.NDArray[np.int32], Codes]:
        """Return per cell the ancestor its call gets (-1: none), and its second best class.

        Parameters
        ----------
        scores
            Decision scores, cells x classes.
        best
            The best class of each cell.
        temperature
            Divides the scores before their softmax.
        """
        index = np.arange(len(best))
        others = scores.copy()
        others[index, best] = -np.inf
        second = others.argmax(axis=1)
        lead = (scores[index, best] - scores[index, second]) / temperature
        unsure = lead < np.log(SURE / (1 - SURE))
        return np.where(unsure, self.merged[best, second], -1).astype(np.int32), second


def as_one_class(
    scores: Floats, best: Codes, second: Codes, where: npt.NDArray[np.bool_], temperature: float
) -> Floats:
    """Return scores in which the two best classes of some cells stand as one, under the best one's index.

    Its share of the softmax of ``scores / temperature`` is the sum of the two.
    """
    rows = np.flatnonzero(where)
    joined = scores.copy()
    pair = scores[rows, best[rows]] / temperature, scores[rows, second[rows]] / temperature
    joined[rows, best[rows]] = np.logaddexp(*pair) * temperature
    joined[rows, second[rows]] = -np.inf
    return joined


def common_term(one: str, other: str) -> str:
    """Return the id of the ancestor that two terms can share a name by; empty text where there is none near enough."""
    if not (is_term(one) and is_term(other)):
        return ""
    term = lowest_common_ancestor([one, other])
    near = max(distance(one, term), distance(other, term)) <= MOST_STEPS
    return term if near and depth(term) >= LEAST_DEPTH else ""
