"""Reference cells as a platform would measure them, and cells drawn from profiles.

A classifier that is trained on cells simulated in this way loses much less accuracy on the query.
"""

import numpy as np
from scipy import sparse

from spatialcore.annotation.model import compiled
from spatialcore.annotation.training.platform.estimate import Platform
from spatialcore.core.normalization import normalize_rows, row_totals
from spatialcore.core.types import Codes, Floats

SIMULATED_CELLS = 2_000  # at a time, so that their rates stay in the processor's cache


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
