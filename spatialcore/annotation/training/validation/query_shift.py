"""How the query differs from held-out reference cells that were brought to its platform.

Cells of an imaging query hold transcripts of other types, each cell another share of them, which an ambient share that
is the same for all does not describe. The mean share is estimated from the query: held-out cells are
mixed with other types until a second type explains as much of them as of the query's cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.model.pair_gain import PairGain
from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.training.fitting import FittedModels
from spatialcore.annotation.training.platform.simulate import draw_by_class, thin
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.core.normalization import row_totals
from spatialcore.core.types import Floats

SHARES: Final = (0.0, 0.04, 0.08, 0.12, 0.17, 0.23, 0.3, 0.4, 0.5)
CONCENTRATION: Final = 4.0
QUERY_CELLS: Final = 2_000
REFERENCE_CELLS: Final = 1_000
QUERY_WEIGHT: Final = 0.5
SUPPORT_CELLS: Final = 10.0  # a class of as many held-out cells has half of its weight


@dataclass(frozen=True)
class QueryShift:
    """The estimates from a query.

    Parameters
    ----------
    mixing
        Mean share of a cell's counts that come from other types, beyond the ambient share.
    composition
        Share of the query's cells that each class is called.
    """

    mixing: float
    composition: Floats

    @classmethod
    def mean(cls, shifts: "Sequence[QueryShift]") -> "QueryShift":
        """Return the mean over folds."""
        composition: Floats = np.mean([shift.composition for shift in shifts], axis=0)
        return cls(float(np.mean([shift.mixing for shift in shifts])), composition)


def measure_shift(
    models: FittedModels,
    counts: sparse.csr_matrix,
    query: sparse.csr_matrix,
    target: TargetPlatform,
    rng: np.random.Generator,
) -> QueryShift:
    """Estimate the mixing and the composition from a query.

    Parameters
    ----------
    models
        Fitted without the cells of `counts`.
    counts
        Held-out reference cells, as they were measured.
    query
        Counts of query cells on the same genes.
    """
    query = _some(query[row_totals(query) > 0], QUERY_CELLS, rng)
    scorer = models.scorer()
    n_classes = len(models.profiles)
    composition = np.bincount(scorer.scores(query).argmax(axis=1), minlength=n_classes) / max(1, query.shape[0])
    query_gain = _mean_gain(scorer, query, composition)
    cells, gains = target.simulate(_some(counts, REFERENCE_CELLS, rng), rng), list[float]()
    for share in SHARES:
        gain = _mean_gain(scorer, mix(cells, models.profiles, share, rng), composition)
        gains.append(max(gain, *gains, 0.0))
        if gains[-1] >= query_gain:
            break
    return QueryShift(float(np.interp(query_gain, gains, SHARES[: len(gains)])), composition)


def class_weights(sizes: npt.NDArray[np.intp], shift: QueryShift | None) -> Floats:
    """Return the weight of each class: half by the composition of the query, where it is estimated.

    Classes of few cells weigh less: whether two or five cells are called right says little, and depends on the seed.

    Parameters
    ----------
    sizes
        Number of held-out cells of each class.

    Examples
    --------
    >>> class_weights(np.array([30, 10]), None).tolist()
    [0.75, 0.5]
    """
    weights = np.ones(len(sizes))
    if shift is not None:
        weights += QUERY_WEIGHT * (len(sizes) * shift.composition - 1)
    return weights * sizes / (sizes + SUPPORT_CELLS)


def _some(counts: sparse.csr_matrix, most: int, rng: np.random.Generator) -> sparse.csr_matrix:
    n = counts.shape[0]
    return counts if n <= most else counts[np.sort(rng.choice(n, most, replace=False))]


def _mean_gain(scorer: Scorer, counts: sparse.csr_matrix, composition: Floats) -> float:
    """Return the mean pair gain over the classes called, weighted by the composition of the query."""
    if scorer.test is None:
        raise TypeError("these models have no class profiles")
    best = scorer.scores(counts).argmax(axis=1)
    gain = PairGain(scorer.test.logs).of(counts, best)
    cells = np.bincount(best, minlength=len(composition))
    sums = np.bincount(best, weights=gain, minlength=len(composition))
    weights = composition * (cells > 0)
    return float(weights @ (sums / np.maximum(cells, 1)) / max(float(weights.sum()), 1e-12))


def mix(cells: sparse.csr_matrix, profiles: Floats, share: float, rng: np.random.Generator) -> sparse.csr_matrix:
    """Replace a share of each cell's counts by counts of a type drawn at random.

    The share differs from cell to cell: a beta distribution of the given mean.

    Parameters
    ----------
    cells
        Counts, cells x genes, as the platform shows them.
    profiles
        Expected share of each gene per class on the platform, classes x genes.
    share
        Mean share of the counts that come from the other type; 0 returns the cells as they are.
    """
    if share <= 0:
        return cells
    n = cells.shape[0]
    foreign = rng.beta(CONCENTRATION * share, CONCENTRATION * (1 - share), n)
    others = rng.integers(0, len(profiles), n)
    mixed = thin(cells, 1 - foreign, rng) + draw_by_class(row_totals(cells) * foreign, others, profiles, rng)
    return sparse.csr_matrix(mixed)
