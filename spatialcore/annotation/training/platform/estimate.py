"""Estimate the platform of a query from its counts: depth, gene efficiencies and ambient share.

Imaging platforms count 100 to 200 transcripts per cell, detect each gene with an efficiency of its own, and add an
ambient share of neighbouring transcripts.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from spatialcore.annotation.training.solver.fit_cells import Block, blocks_of, pad_classes
from spatialcore.core.compressed import view_rows
from spatialcore.core.normalization import normalize_rows, row_totals
from spatialcore.core.types import Codes, Floats

AMBIENT_GRID = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
SHARED_PROFILE = 0.01
ROUNDS = 3
PRIOR_COUNTS = 5.0
EFFICIENCY_RANGE = (1 / 30, 30.0)
MAX_QUERY_CELLS = 20_000
SUMMED_CELLS = 5_000  # at a time


@dataclass(frozen=True)
class Platform:
    """How a platform measures a cell.

    Parameters
    ----------
    depths
        Counts per cell, a sample of the query's cells; empty if unknown.
    efficiency
        Relative yield of each gene.
    ambient
        Share of a cell's counts that come from the query's mean profile.
    background
        The query's mean profile, summing to one.
    """

    depths: Floats
    efficiency: Floats
    ambient: float
    background: Floats

    @property
    def efficiency_spread(self) -> float:
        """Root mean square of the log efficiencies, genes weighted by their share of the query."""
        return float(np.sqrt(np.log(self.efficiency) ** 2 @ self.background))

    @property
    def median_depth(self) -> float:
        """The median counts of a cell, NaN if the depths are unknown."""
        return float(np.median(self.depths)) if len(self.depths) else float("nan")

    def expected(self, shares: Floats) -> Floats:
        """Return the expected share of each gene on the platform, from true shares (rows sum to one)."""
        measured = shares * self.efficiency
        measured = measured / np.maximum(measured.sum(axis=1, keepdims=True), 1e-300)
        expected: Floats = (1 - self.ambient) * measured + self.ambient * self.background
        return expected


def class_profiles(counts: sparse.csr_matrix, codes: Codes, n_classes: int) -> Floats:
    """Return the mean share of each gene per class, with 1 % of the overall mean mixed in, classes x genes."""
    profiles = np.zeros((n_classes, counts.shape[1]))
    for first in range(0, len(codes), SUMMED_CELLS):
        part = codes[first : first + SUMMED_CELLS]
        members = sparse.csr_matrix((np.ones(len(part)), (part, np.arange(len(part)))), shape=(n_classes, len(part)))
        profiles += (members @ normalize_rows(view_rows(counts, first, first + len(part)))).toarray()
    profiles /= np.maximum(profiles.sum(axis=1, keepdims=True), 1e-300)
    overall = profiles.mean(axis=0) + 1e-9
    result: Floats = (1 - SHARED_PROFILE) * profiles + SHARED_PROFILE * overall / overall.sum()
    result /= result.sum(axis=1, keepdims=True)
    return result


def estimate_platform(profiles: Floats, query: sparse.csr_matrix) -> Platform:
    """Estimate gene efficiencies and the ambient share of the query by expectation-maximisation.

    A cell of class k shows gene g with probability ``M_kg = (1 - a) norm(mu_k e)_g + a q_g``. For each ambient
    share `a` of a grid, classes of cells and efficiencies are estimated in turn; the `a` with the largest likelihood
    is used. The share is capped by how mixed the query is, since in a homogeneous query the mean profile is not
    ambient but the cells themselves.

    Parameters
    ----------
    profiles
        Mean shares per class of the reference, classes x genes.
    query
        Raw counts of query cells on the same genes; some 20,000 cells are enough.
    """
    totals = row_totals(query)
    query, totals = query[totals > 0], totals[totals > 0]
    n_genes = profiles.shape[1]
    if len(totals) == 0:
        return Platform(np.zeros(0), np.ones(n_genes), 0.0, np.full(n_genes, 1 / n_genes))
    cells = _QueryCells.of(query, totals)
    background = (cells.observed + 0.5) / (cells.observed + 0.5).sum()
    composition = cells.expectation(0.9 * profiles + 0.1 * background)[1].mean(axis=0)
    cap = min(0.5, 0.5 * (1 - float((composition**2).sum())))
    best = (-np.inf, 0.0, np.ones(n_genes))
    for share in (a for a in AMBIENT_GRID if a <= cap):
        best = max(best, _fit_efficiency(profiles, cells, background, share), key=lambda fit: fit[0])
    return Platform(totals, best[2], best[1], background)


@dataclass(frozen=True)
class _QueryCells:
    """Query cells with counts: in blocks, their totals and the sum of each gene."""

    blocks: tuple[Block, ...]
    totals: Floats
    observed: Floats

    @classmethod
    def of(cls, query: sparse.csr_matrix, totals: Floats) -> Self:
        """Take cells, each of which has counts, and their totals."""
        return cls(tuple(blocks_of(query)), totals, np.asarray(query.sum(axis=0, dtype=np.float64)).ravel())

    def expectation(self, model: Floats) -> tuple[float, Floats]:
        """Return the log likelihood of all cells, and the probability of each class for each cell."""
        logs = np.log(model)
        largest = logs.max(axis=0)  # the rest is small enough for single precision
        table, level = pad_classes((logs - largest).T, np.zeros(len(logs)))
        relative = np.concatenate([block.scores(table, level)[:, : len(logs)] for block in self.blocks])
        weights = relative.astype(np.float64)
        top = weights.max(axis=1, keepdims=True)
        np.exp(weights - top, out=weights)
        sums = weights.sum(axis=1, keepdims=True)
        weights /= sums
        return float((top + np.log(sums)).sum() + self.observed @ largest), weights


def _fit_efficiency(
    profiles: Floats, cells: _QueryCells, background: Floats, share: float
) -> tuple[float, float, Floats]:
    efficiency, likelihood = np.ones(profiles.shape[1]), -np.inf
    for _ in range(ROUNDS):
        model = Platform(cells.totals, efficiency, share, background).expected(profiles)
        likelihood, weights = cells.expectation(model)
        expected = (weights.T @ cells.totals) @ profiles
        efficiency = np.clip((cells.observed + PRIOR_COUNTS) / (expected + PRIOR_COUNTS), *EFFICIENCY_RANGE)
    return likelihood, share, efficiency
