"""Estimate the platform of the query (depth, gene efficiencies, ambient share) and simulate reference cells on it.

Imaging platforms count 100 to 200 transcripts per cell, detect each gene with an efficiency of its own, and add an
ambient share of neighbouring transcripts. A classifier that is trained on cells simulated in this way loses much less
accuracy on the query.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from spatialcore.annotation.model import compiled
from spatialcore.annotation.training.fit_cells import Block, blocks_of, pad_classes
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
SIMULATED_CELLS = 2_000  # at a time, so that their rates stay in the processor's cache


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
    cells = QueryCells.of(query, totals)
    background = (cells.observed + 0.5) / (cells.observed + 0.5).sum()
    composition = cells.expectation(0.9 * profiles + 0.1 * background)[1].mean(axis=0)
    cap = min(0.5, 0.5 * (1 - float((composition**2).sum())))
    best = (-np.inf, 0.0, np.ones(n_genes))
    for share in (a for a in AMBIENT_GRID if a <= cap):
        best = max(best, _fit_efficiency(profiles, cells, background, share), key=lambda fit: fit[0])
    return Platform(totals, best[2], best[1], background)


@dataclass(frozen=True)
class QueryCells:
    """Query cells with counts: in blocks, their totals and the sum of each gene."""

    blocks: tuple[Block, ...]
    totals: Floats
    observed: Floats

    @classmethod
    def of(cls, query: sparse.csr_matrix, totals: Floats) -> Self:
        """Take cells, each of which has counts, and their totals."""
        return cls(tuple(blocks_of(query)), totals, np.asarray(query.sum(axis=0, dtype=np.float64)).ravel())

    def platform_at(self, ambient: float, profiles: Floats, background: Floats) -> Platform:
        """Estimate the gene efficiencies at a given ambient share.

        Parameters
        ----------
        ambient, background
            Share and profile of the ambient counts.
        profiles
            Mean shares per class of the reference, classes x genes.
        """
        return Platform(self.totals, _fit_efficiency(profiles, self, background, ambient)[2], ambient, background)

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
    profiles: Floats, cells: QueryCells, background: Floats, share: float
) -> tuple[float, float, Floats]:
    efficiency, likelihood = np.ones(profiles.shape[1]), -np.inf
    for _ in range(ROUNDS):
        model = Platform(cells.totals, efficiency, share, background).expected(profiles)
        likelihood, weights = cells.expectation(model)
        expected = (weights.T @ cells.totals) @ profiles
        efficiency = np.clip((cells.observed + PRIOR_COUNTS) / (expected + PRIOR_COUNTS), *EFFICIENCY_RANGE)
    return likelihood, share, efficiency


def match_to_platform(counts: sparse.csr_matrix, platform: Platform, rng: np.random.Generator) -> sparse.csr_matrix:
    """Measure every reference cell again, once, as the platform would: Poisson counts at a depth drawn from the query.

    The mean of gene g is ``L [(1 - a) norm(x e)_g + a q_g]``. The two parts are drawn apart, which is the same and
    keeps the matrix sparse.
    """
    return sparse.csr_matrix(sparse.vstack(match_rows(counts, np.arange(counts.shape[0]), platform, rng), format="csr"))


def match_rows(
    counts: sparse.csr_matrix, rows: Codes, platform: Platform, rng: np.random.Generator
) -> list[sparse.csr_matrix]:
    """Return the same of some cells, in blocks: neither the cells nor the result are copied whole."""
    depths = rng.choice(platform.depths, size=len(rows))
    expected = depths * (1 - platform.ambient)
    parts = [slice(first, first + SIMULATED_CELLS) for first in range(0, max(len(rows), 1), SIMULATED_CELLS)]
    blocks = [_draw_own(counts[rows[part]], expected[part], platform.efficiency, rng) for part in parts]
    if platform.ambient > 0:
        numbers = rng.poisson(depths * platform.ambient)
        for i, part in enumerate(parts):
            blocks[i] = sparse.csr_matrix(blocks[i] + _draw_numbers(numbers[part], platform.background, rng))
    return blocks


def _draw_own(
    counts: sparse.csr_matrix, rates: Floats, efficiency: Floats, rng: np.random.Generator
) -> sparse.csr_matrix:
    """Draw Poisson counts of cells from their own profiles, `rates` counts each in the mean, without the zeros."""
    weighted = sparse.csr_matrix(
        (counts.data * efficiency[counts.indices], counts.indices, counts.indptr), shape=counts.shape
    )
    shares = normalize_rows(weighted)
    values = rng.poisson(shares.data * np.repeat(rates, np.diff(shares.indptr))).astype(np.float32)
    drawn = sparse.csr_matrix((values, shares.indices, shares.indptr), shape=shares.shape, copy=True)
    drawn.eliminate_zeros()
    return drawn


def draw_counts(rates: Floats, shares: Floats, rng: np.random.Generator) -> sparse.csr_matrix:
    """Draw Poisson counts of cells that all have the same `shares` of genes, `rates` counts each in the mean."""
    numbers = rng.poisson(rates)
    parts = range(0, max(len(rates), 1), SIMULATED_CELLS)
    blocks = [_draw_numbers(numbers[first : first + SIMULATED_CELLS], shares, rng) for first in parts]
    return blocks[0] if len(blocks) == 1 else sparse.csr_matrix(sparse.vstack(blocks, format="csr"))


def _draw_numbers(numbers: Codes, shares: Floats, rng: np.random.Generator) -> sparse.csr_matrix:
    """Draw cells of given total counts."""
    edges = np.cumsum(shares)
    edges /= edges[-1]
    uniform = rng.random(int(numbers.sum()))
    drawn = compiled.drawn_genes(numbers, edges, uniform)
    if drawn is not None:
        return drawn
    rows, genes = np.repeat(np.arange(len(numbers)), numbers), np.searchsorted(edges, uniform, side="right")
    drawn = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, genes)), shape=(len(numbers), len(shares)))
    drawn.sum_duplicates()
    return drawn


def draw_by_class(rates: Floats, codes: Codes, profiles: Floats, rng: np.random.Generator) -> sparse.csr_matrix:
    """Draw Poisson counts of cells of several classes, `rates` counts each in the mean."""
    return sparse.csr_matrix(sparse.vstack(draw_class_blocks(rates, codes, profiles, rng), format="csr"))


def draw_class_blocks(
    rates: Floats, codes: Codes, profiles: Floats, rng: np.random.Generator
) -> list[sparse.csr_matrix]:
    """Return the same in blocks."""
    by_class = sparse.vstack([draw_counts(rates[codes == k], shares, rng) for k, shares in enumerate(profiles)], "csr")
    position = np.argsort(np.argsort(codes, kind="stable"))
    parts = range(0, max(len(codes), 1), SIMULATED_CELLS)
    return [sparse.csr_matrix(by_class[position[first : first + SIMULATED_CELLS]]) for first in parts]


def thin_to_depths(counts: sparse.csr_matrix, depths: Floats, rng: np.random.Generator) -> sparse.csr_matrix:
    """Thin every cell to a depth drawn from `depths`, binomially per entry; a shallower cell is not changed."""
    totals = row_totals(counts)
    target_depths = rng.choice(depths, size=len(totals))
    keep = np.minimum(1.0, np.divide(target_depths, totals, out=np.ones_like(totals), where=totals > 0))
    return thin(counts, keep, rng)


def thin(counts: sparse.csr_matrix, keep: Floats, rng: np.random.Generator) -> sparse.csr_matrix:
    """Keep each count of a cell with the probability `keep` of the cell."""
    whole = np.rint(counts.data).astype(np.int64)
    drawn = rng.binomial(whole, np.repeat(keep, np.diff(counts.indptr)))
    thinned = sparse.csr_matrix(
        (drawn.astype(np.float32), counts.indices.copy(), counts.indptr.copy()), shape=counts.shape
    )
    thinned.eliminate_zeros()
    return thinned
