"""The cells of a query as the estimate of spill-over reads them: counts and class probabilities in blocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import softmax

from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.query import Expression
from spatialcore.annotation.spillover.mixture import Block, relative_sizes
from spatialcore.annotation.spillover.neighbourhoods import Neighbourhoods
from spatialcore.core.normalization import row_totals
from spatialcore.core.sampling import cell_keys
from spatialcore.core.types import Codes, Floats

BLOCK_CELLS: Final = 4_000
MAX_STORED_VALUES: Final = 50_000_000  # probabilities, 200 MB
PRIOR_CELLS: Final = 10.0  # of the typical counts of a class

Float16s = npt.NDArray[np.float16]
Float32s = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Cells:
    """The cells of a query.

    Parameters
    ----------
    query
        The expression on the model's genes.
    scorer, temperature
        The linear model, and what its scores are divided by.
    rows
        The cells that have counts, ascending.
    best
        Each cell's best class by the linear model; 0 for a cell without counts.
    totals
        Counts of each cell on the model's genes.
    background
        Mean profile of the query, one share per gene.
    type_sizes
        Counts of a typical cell of each class: the geometric mean, drawn towards that of all by ten cells.
    stored
        Class probabilities of all cells, of a query for which they are a small table.
    """

    query: Expression
    scorer: Scorer
    temperature: float
    rows: Codes
    best: Codes
    totals: Floats
    background: Floats
    type_sizes: Floats
    stored: Float32s | None = None

    @classmethod
    def of(cls, model: CellTypingModel, query: Expression) -> "Cells":
        """Compute classes, totals and typical sizes, block by block."""
        temperature = model.calibration.temperature if model.calibration else 1.0
        scorer = Scorer.build(model.linear, model.target_sum, genes=query.genes.model)
        totals, best = np.zeros(query.n_obs), np.zeros(query.n_obs, np.int32)
        sums = np.full(len(query.genes.model), 0.5)
        logs_of_types, cells_of_types = np.zeros((2, len(model.classes)))
        shape = (query.n_obs, len(model.classes))
        stored = np.empty(shape, np.float32) if shape[0] * shape[1] <= MAX_STORED_VALUES else None
        for rows in blocks(np.arange(query.n_obs)):
            counts = query.counts(rows)
            totals[rows] = row_totals(counts)
            sums += np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
            probabilities = _probabilities(counts, scorer, temperature, len(model.classes))
            best[rows] = probabilities.argmax(axis=1)
            if stored is not None:
                stored[rows] = probabilities
            logs_of_types += np.log(np.maximum(totals[rows], 1e-9)) @ probabilities
            cells_of_types += probabilities.sum(axis=0, dtype=np.float64)
        filled = np.flatnonzero(totals > 0)
        typical = np.log(np.median(totals[filled])) if len(filled) else 0.0
        sizes = np.exp((logs_of_types + PRIOR_CELLS * typical) / (cells_of_types + PRIOR_CELLS))
        return cls(query, scorer, temperature, filled, best, totals, sums / sums.sum(), sizes, stored)

    def probabilities_of(self, rows: Codes) -> Float32s:
        """Return the probability of each class by the linear model, cells x classes; zeros for cells without counts.

        Parameters
        ----------
        rows
            Some cells, ascending.
        """
        if self.stored is not None:
            return self.stored[rows]
        result = np.zeros((len(rows), len(self.type_sizes)), np.float32)
        for part, at in zip(blocks(rows), blocks(np.arange(len(rows))), strict=True):
            counts = self.query.counts(part)
            result[at] = _probabilities(counts, self.scorer, self.temperature, result.shape[1])
        return result

    @cached_property
    def probabilities(self) -> Float16s | Float32s:
        """The same of all cells, for means over neighbours: the largest table of the estimate.

        It is made where spill-over is detected, of a large query in half precision (a relative error below .0005).
        """
        if self.stored is not None:
            return self.stored
        table = np.empty((len(self.totals), len(self.type_sizes)), np.float16)
        for rows in blocks(np.arange(len(table))):
            table[rows] = self.probabilities_of(rows)
        return table

    def block(self, rows: Codes, neighbours: Neighbourhoods) -> Block:
        """Return some cells, all of them with counts, in their neighbourhoods."""
        composition = neighbours.composition(self.probabilities, rows)
        return Block.of(self.query.counts(rows), self.probabilities_of(rows), composition, self.sizes(rows, neighbours))

    def sizes(self, rows: Codes, neighbours: Neighbourhoods) -> Codes:
        """Return 0, 1 or 2 for cells with more, as many and fewer counts than their neighbours."""
        return relative_sizes(neighbours.mean(self.totals, rows), self.totals[rows])

    def partners(self, random_state: int) -> Codes:
        """Return for each cell another one of the same best class, at random: a permutation within each class.

        It is the next cell of the class in a random order, which depends on the names of the cells.
        """
        best = self.best[self.rows]
        order = np.lexsort((cell_keys(self.query.names[self.rows], random_state), best))
        starts = np.flatnonzero(np.diff(best[order], prepend=-1))
        following = np.arange(1, len(order) + 1)
        following[np.append(starts[1:], len(order)) - 1] = starts
        partner = np.arange(len(self.totals))
        partner[self.rows[order]] = self.rows[order[following]]
        return partner


def _probabilities(counts: sparse.csr_matrix, scorer: Scorer, temperature: float, n_classes: int) -> Float32s:
    """Return class probabilities of a block of cells."""
    result = np.zeros((counts.shape[0], n_classes), np.float32)
    filled = np.diff(counts.indptr) > 0
    if filled.any():
        result[filled] = softmax(scorer.scores(counts[filled]) / temperature, axis=1)
    return result


def blocks(rows: Codes) -> Iterator[Codes]:
    """Yield runs of rows that are read at once."""
    return (rows[first : first + BLOCK_CELLS] for first in range(0, len(rows), BLOCK_CELLS))
