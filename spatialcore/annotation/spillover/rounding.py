"""Whole counts from expected ones, at random and with little noise.

Each expected count is rounded up or down. The counts of a gene are summed from cell to cell, in an order in which cells
that are near in the tissue follow each other, and a whole count is placed whenever the sum passes a whole number
(systematic sampling). A count has its expected value in the mean; the sum of a gene over any run of cells in this order
is never further than one from the expected sum, and over a field of view it is the same.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.spatial import cKDTree

from spatialcore.annotation.expression.cell_order import by_place
from spatialcore.core.normalization import row_totals
from spatialcore.core.types import Codes, Floats

Counts = sparse.csr_matrix
ALONE = -1


def order_of_cells(coordinates: Floats, groups: Codes) -> tuple[Codes, Codes]:
    """Return the cells by group and place, and the group of each cell; cells without coordinates come first.

    The order of the cells matters for those at one place only.

    Parameters
    ----------
    coordinates
        Cells x 2 or 3.
    groups
        Sample and field of view of each cell.
    """
    placed = np.flatnonzero(np.isfinite(coordinates).all(axis=1))
    placed = placed[by_place(coordinates[placed])]
    rank = np.zeros(len(coordinates), dtype=np.intp)
    rank[placed[cKDTree(coordinates[placed]).indices]] = np.arange(len(placed))
    group = np.full(len(coordinates), ALONE, dtype=np.intp)
    group[placed] = groups[placed]
    return np.lexsort((rank, group)), group


def rounded(expected: Counts, order: Codes, group: Codes, rng: np.random.Generator) -> Counts:
    """Return whole counts; each is the expected count rounded up or down.

    Parameters
    ----------
    expected
        Cells x genes. The sum of a gene over the cells of a group is a whole number.
    order, group
        See :func:`order_of_cells`.
    rng
        Random generator.
    """
    expected, group = expected[order], group[order]
    table = sparse.csc_matrix(expected, dtype=np.float64)
    table.sort_indices()
    gene = np.repeat(np.arange(table.shape[1]), np.diff(table.indptr))
    of_group = group[table.indices]
    starts = np.flatnonzero(np.diff(gene, prepend=-1) | np.diff(of_group, prepend=ALONE - 1))
    table.data = _systematic(table.data, starts, rng)
    whole = _without_empty_cells(sparse.csr_matrix(table, dtype=np.float32), expected, group)
    result = sparse.csr_matrix(whole[np.argsort(order)])
    result.eliminate_zeros()
    return result


def _systematic(expected: Floats, starts: Codes, rng: np.random.Generator) -> Floats:
    """Round runs of values, each of which sums to a whole number."""
    sums = np.cumsum(expected)
    before = np.concatenate([[0.0], sums])[starts]
    sizes = np.diff(starts, append=len(expected))
    totals = np.add.reduceat(expected, starts) if len(starts) else expected[:0]
    whole = np.rint(totals)
    scale = np.divide(whole, totals, out=np.ones_like(whole), where=totals > 0)
    within = (sums - np.repeat(before, sizes)) * np.repeat(scale, sizes)
    within[starts + sizes - 1] = whole  # not changed by how sums were rounded
    passed = np.floor(within + np.repeat(rng.random(len(starts)), sizes))
    result = np.diff(passed, prepend=0.0)
    result[starts] = passed[starts]
    whole_counts: Floats = np.maximum(result, 0.0)
    return whole_counts


def _without_empty_cells(whole: Counts, expected: Counts, group: Codes) -> Counts:
    """Give each cell that became empty its largest expected count, from a cell in which that gene was rounded up."""
    totals = row_totals(whole)
    empty = np.flatnonzero((totals == 0) & (row_totals(expected) > 0))
    if not len(empty):
        return whole
    counts, target = sparse.csc_matrix(whole), sparse.csc_matrix(expected)
    rows: list[int] = []
    genes: list[int] = []
    for cell in empty:
        entries = slice(expected.indptr[cell], expected.indptr[cell + 1])
        for gene in expected.indices[entries][np.argsort(-expected.data[entries], kind="stable")]:
            donor = _donor(counts, target, int(gene), totals, group == group[cell])
            if donor is not None:
                counts.data[donor] -= 1
                rows.append(int(cell))
                genes.append(int(gene))
                totals[cell], totals[counts.indices[donor]] = 1, totals[counts.indices[donor]] - 1
                break
    ones = np.ones(len(rows), np.float32)
    positions = (np.array(rows, np.intp), np.array(genes, np.intp))
    return sparse.csr_matrix(counts + sparse.csc_matrix((ones, positions), shape=whole.shape))


def _donor(
    counts: sparse.csc_matrix, expected: sparse.csc_matrix, gene: int, totals: Floats, allowed: npt.NDArray[np.bool_]
) -> int | None:
    """Return the entry, of a cell with several counts, in which a gene is rounded up most; ``None`` without one."""
    entries = np.arange(counts.indptr[gene], counts.indptr[gene + 1])
    cells = counts.indices[entries]
    usable = (counts.data[entries] > 0) & (totals[cells] > 1) & allowed[cells]
    if not usable.any():
        return None
    entries, cells = entries[usable], cells[usable]
    surplus = counts.data[entries] - np.asarray(expected[cells, gene].todense()).ravel()
    return int(entries[surplus.argmax()])
