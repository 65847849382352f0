"""The type that best explains what a cell's own type does not explain, and its share of the counts.

Two types explain a cell where neighbours' counts were assigned to it, or two cells share one outline.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.model.pair_gain import SECOND_SHARE
from spatialcore.core.types import Codes, Floats

SHARES: Final = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
TEMPER: Final = 0.3  # of the gain, beside the logarithm of the share in the neighbourhood
SHARE_TEMPER: Final = 0.5
MIN_EXCESS: Final = 6.0
ANY_PLACE: Final = 0.1  # weight of a type that is not in the neighbourhood
FULL_WEIGHT: Final = 5.0  # a second type of a fifth of the counts weighs in full
MAX_RATIO: Final = 2.0

Float32s = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SecondTypes:
    """The second type of each cell and its share; -1 and 0 where a mixture is not needed.

    A mixture is needed where its log likelihood exceeds that of either type alone by :data:`MIN_EXCESS` nats: a
    cell between two similar types is not a mixture.
    """

    classes: npt.NDArray[np.int32]
    shares: Float32s


def find_second_types(counts: sparse.csr_matrix, best: Codes, profiles: Floats, composition: Float32s) -> SecondTypes:
    """Find the second type of each cell.

    The type j of the largest ``.3 g_j + log(.9 C_j + .1 / K)``, where ``g_j = x . log(.65 M_k + .35 M_j) - x . log
    M_k`` is the gain of the log likelihood and C_j the share of the type in the neighbourhood. Its share is the mean
    of the tempered posterior over a grid.

    Parameters
    ----------
    counts
        Cells x genes, each cell with at least one count.
    best
        Class of each cell.
    profiles
        Class profiles, classes x genes.
    composition
        Share of each class in the neighbourhood, cells x classes.
    """
    logs, n = np.log(profiles), len(best)
    second = np.empty(n, np.int32)
    for k in np.unique(best):
        rows = np.flatnonzero(best == k)
        gains = counts[rows] @ np.log1p(SECOND_SHARE * (np.exp(logs - logs[k]) - 1.0)).T
        scores = TEMPER * gains + np.log((1 - ANY_PLACE) * composition[rows] + ANY_PLACE / len(profiles))
        scores[:, k] = -np.inf
        second[rows] = scores.argmax(axis=1)
    share, excess = _share_and_excess(counts, best, second, profiles)
    explains = excess >= MIN_EXCESS
    return SecondTypes(np.where(explains, second, np.int32(-1)), np.where(explains, share, 0).astype(np.float32))


def smaller_by(second: SecondTypes, best: Codes, sizes: Floats) -> Floats:
    """Return by how much the second type has fewer counts in a cell than the type that is called, 0 to 2.

    A small cell among large ones may hold more counts of its neighbours than its own: then its type is the second. The
    other way round, counts of a large neighbour in a small cell are rarely taken for its type. It is the logarithm of
    the ratio of the sizes, weighted by five times the share of the second type, at most 1.

    Parameters
    ----------
    second
        Of each cell.
    best
        Class of each cell.
    sizes
        Counts of a typical cell of each class.

    Examples
    --------
    >>> second = SecondTypes(np.array([1, 0, -1], np.int32), np.array([0.3, 0.3, 0.0], np.float32))
    >>> smaller_by(second, np.array([0, 1, 0]), np.array([200.0, 100.0])).round(2).tolist()
    [0.69, 0.0, 0.0]
    """
    ratio = np.log(sizes[best] / sizes[np.maximum(second.classes, 0)])
    weight = np.where(second.classes >= 0, np.minimum(FULL_WEIGHT * second.shares.astype(np.float64), 1.0), 0.0)
    result: Floats = weight * np.clip(ratio, 0.0, MAX_RATIO)
    return result


def _share_and_excess(counts: sparse.csr_matrix, best: Codes, second: Codes, profiles: Floats) -> tuple[Floats, Floats]:
    """Return the mean share of the second type, and the log likelihood of the best mixture over that of either type."""
    rows, genes = np.repeat(np.arange(len(best)), np.diff(counts.indptr)), counts.indices
    table = profiles.astype(np.float32)
    excess = table[second[rows], genes] / table[best[rows], genes] - 1
    values, starts = counts.data.astype(np.float32), counts.indptr[:-1]
    gains = [np.add.reduceat(values * np.log1p(np.float32(share) * excess), starts) for share in SHARES]
    likelihood = np.column_stack(gains).astype(np.float64)
    weights = np.exp(SHARE_TEMPER * (likelihood - likelihood.max(axis=1, keepdims=True)))
    either = np.maximum(likelihood[:, 0], likelihood[:, -1])
    return weights @ SHARES / weights.sum(axis=1), likelihood.max(axis=1) - either
