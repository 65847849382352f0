"""The cells of a query as the estimate of spill-over reads them: counts in blocks, and class probabilities of all."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.query import Expression
from spatialcore.annotation.spillover.mixture import Block
from spatialcore.annotation.spillover.neighbourhoods import Neighbourhoods
from spatialcore.core.normalization import row_totals
from spatialcore.core.types import Codes, Floats

BLOCK_CELLS: Final = 4_000
PRIOR_CELLS: Final = 10.0  # of the typical counts of a class

Float32s = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Cells:
    """The cells of a query.

    Parameters
    ----------
    query
        The expression on the model's genes.
    rows
        The cells that have counts, ascending.
    probabilities
        Of each class by the linear model, cells x classes; zeros for a cell without counts.
    totals
        Counts of each cell on the model's genes.
    background
        Mean profile of the query, one share per gene.
    """

    query: Expression
    rows: Codes
    probabilities: Float32s
    totals: Floats
    background: Floats

    @classmethod
    def of(cls, model: CellTypingModel, query: Expression) -> "Cells":
        """Compute class probabilities and totals, block by block."""
        temperature = model.calibration.temperature if model.calibration else 1.0
        scorer = Scorer.build(model.linear, model.target_sum, genes=query.genes.model)
        probabilities = np.zeros((query.n_obs, len(model.classes)), np.float32)
        totals, sums = np.zeros(query.n_obs), np.full(len(query.genes.model), 0.5)
        for rows in blocks(np.arange(query.n_obs)):
            counts = query.counts(rows)
            totals[rows] = row_totals(counts)
            sums += np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
            filled = np.diff(counts.indptr) > 0
            if filled.any():
                probabilities[rows[filled]] = softmax(scorer.scores(counts[filled]) / temperature, axis=1)
        return cls(query, np.flatnonzero(totals > 0), probabilities, totals, sums / sums.sum())

    @property
    def type_sizes(self) -> Floats:
        """Counts of a typical cell of each class: the geometric mean, drawn towards that of all by ten cells."""
        logs, weights = np.log(self.totals[self.rows]), self.probabilities[self.rows]
        sums = np.asarray(weights.T @ logs.astype(np.float32), dtype=np.float64)
        numbers = weights.sum(axis=0, dtype=np.float64)
        sizes: Floats = np.exp((sums + PRIOR_CELLS * np.median(logs)) / (numbers + PRIOR_CELLS))
        return sizes

    def block(self, rows: Codes, neighbours: Neighbourhoods) -> Block:
        """Return some cells, all of them with counts, in their neighbourhoods."""
        composition = neighbours.composition(self.probabilities, rows)
        return Block.of(self.query.counts(rows), self.probabilities[rows], composition)

    def partners(self, random_state: int) -> Codes:
        """Return for each cell another one of the same best class, at random: a permutation within each class."""
        rng = np.random.default_rng(random_state)
        best = self.probabilities[self.rows].argmax(axis=1)
        shuffled = rng.permutation(len(best))
        partner = np.arange(len(self.totals))
        by_class = np.argsort(best, kind="stable")
        partner[self.rows[by_class]] = self.rows[shuffled[np.argsort(best[shuffled], kind="stable")]]
        return partner


def blocks(rows: Codes) -> Iterator[Codes]:
    """Yield runs of rows that are read at once."""
    return (rows[first : first + BLOCK_CELLS] for first in range(0, len(rows), BLOCK_CELLS))
