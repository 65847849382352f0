"""Spill-over moves transcripts to neighbours and conserves their number."""

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial import cKDTree

from spatialcore.simulate.layouts import grid
from spatialcore.simulate.transport import spill

N = 400


def counts_of(rng: np.random.Generator) -> sparse.csr_matrix:
    counts = sparse.csr_matrix(rng.poisson(3.0, (N, 20)).astype(np.float32))
    counts.eliminate_zeros()
    return counts


def test_transcripts_are_conserved() -> None:
    rng = np.random.default_rng(0)
    counts, codes = counts_of(rng), rng.integers(0, 4, N)
    spilled = spill(counts, codes, grid(N, 10.0), rng.random(N), 6.0, rng)
    total = np.asarray((spilled.remaining + spilled.received).sum(axis=0))
    np.testing.assert_array_equal(total, np.asarray(counts.sum(axis=0)))
    assert ((counts - spilled.remaining).data >= 0).all()
    np.testing.assert_array_equal(spilled.sources.sum(axis=1), np.asarray(spilled.received.sum(axis=1)).ravel())


def test_a_cell_sends_its_share_to_its_eight_nearest() -> None:
    rng = np.random.default_rng(1)
    counts = sparse.csr_matrix((np.array([1e5], np.float32), ([210], [3])), shape=(N, 20))
    sent = np.full(N, 0.25)
    coordinates = grid(N, 10.0)
    spilled = spill(counts, np.zeros(N, dtype=np.intp), coordinates, sent, 6.0, rng)
    received = spilled.received.toarray()[:, 3]
    nearest = cKDTree(coordinates).query(coordinates[210], 9)[1][1:]
    assert set(np.flatnonzero(received)) == set(nearest)
    assert received.sum() / 1e5 == pytest.approx(0.25, abs=0.01)


def test_sources_name_the_type_of_the_sender() -> None:
    rng = np.random.default_rng(2)
    codes = (
        np.arange(N) % 2
    )  # columns of the grid alternate, so the nearest cells to the left and right have the other type
    counts = sparse.csr_matrix((codes == 1).astype(np.float32)[:, None] * 50)
    spilled = spill(counts, codes, grid(N, 10.0), np.full(N, 0.5), 6.0, rng)
    assert spilled.sources[:, 0].sum() == 0
    assert spilled.sources[:, 1].sum() == spilled.received.sum()


def test_a_share_of_zero_moves_no_transcripts() -> None:
    rng = np.random.default_rng(3)
    counts = counts_of(rng)
    spilled = spill(counts, np.zeros(N, dtype=np.intp), grid(N, 10.0), np.zeros(N), 6.0, rng)
    assert spilled.received.nnz == 0
    assert (spilled.remaining != counts).nnz == 0
