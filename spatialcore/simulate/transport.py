"""Spill-over between neighbouring cells: each transcript that leaves a cell arrives in one of its neighbours."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from spatialcore.core.types import Codes, Floats

NEIGHBOURS: Final = 8
PROPENSITY_SPREAD: Final = 0.5


@dataclass(frozen=True)
class Spilled:
    """What spill-over makes of a section.

    Parameters
    ----------
    remaining
        Counts that stayed in their cell, cells x genes.
    received
        Counts that came from other cells, cells x genes.
    sources
        Counts that each cell received from cells of each type, cells x types.
    """

    remaining: sparse.csr_matrix
    received: sparse.csr_matrix
    sources: Floats


def spill(
    counts: sparse.csr_matrix, codes: Codes, coordinates: Floats, sent: Floats, reach: float, rng: np.random.Generator
) -> Spilled:
    """Move transcripts from cells to their neighbours; none appears or is lost.

    Parameters
    ----------
    counts
        Whole numbers, cells x genes.
    codes
        Type of each cell.
    coordinates
        Cells x 2.
    sent
        Probability that a transcript of the cell leaves it.
    reach
        Transcripts go to one of the eight nearest cells with a probability proportional to ``exp(-distance / reach)``
        and to a propensity to receive, lognormal with standard deviation 0.5, in the unit of the coordinates.
    rng
        Random generator.
    """
    n, n_genes = counts.shape
    rows = np.repeat(np.arange(n), np.diff(counts.indptr))
    leaving = rng.binomial(counts.data.astype(np.int64), sent[rows])
    remaining = _table(counts.data - leaving, rows, counts.indices, (n, n_genes))
    sender, genes = np.repeat(rows, leaving), np.repeat(counts.indices, leaving)
    receiver = _receivers(sender, coordinates, reach, rng)
    received = _table(np.ones(len(sender)), receiver, genes, (n, n_genes))
    sources = _table(np.ones(len(sender)), receiver, codes[sender], (n, int(codes.max()) + 1))
    return Spilled(remaining, received, np.asarray(sources.todense(), dtype=np.float64))


def _receivers(sender: Codes, coordinates: Floats, reach: float, rng: np.random.Generator) -> Codes:
    n = len(coordinates)
    k = min(NEIGHBOURS, n - 1)
    distance, nearest = (np.asarray(part)[:, 1:] for part in cKDTree(coordinates).query(coordinates, k + 1))
    weights = np.exp(-distance / reach) * rng.lognormal(0, PROPENSITY_SPREAD, n)[nearest]
    edges = np.cumsum(weights, axis=1)
    edges = edges / edges[:, -1:] + np.arange(n)[:, None]  # ascending over all cells: one search for all transcripts
    slot = np.searchsorted(edges.ravel(), sender + rng.random(len(sender)), side="right")
    return nearest.ravel()[np.minimum(slot, sender * k + k - 1)]


def _table(values: Floats, rows: Codes, columns: Codes, shape: tuple[int, int]) -> sparse.csr_matrix:
    table = sparse.csr_matrix((values.astype(np.float32), (rows, columns)), shape=shape)
    table.sum_duplicates()
    table.eliminate_zeros()
    return table
