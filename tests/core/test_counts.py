"""Counts recovered from normalized values, compared with the original counts."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialcore.core.counts import PSEUDO_TOTAL, recover_counts
from spatialcore.core.utils import log1p_normalize
from spatialcore.errors import NormalizationError


def cells(seed: int, n: int = 60, genes: int = 120) -> sp.csr_matrix:
    rng = np.random.default_rng(seed)
    drawn = rng.poisson(rng.gamma(0.4, 2, genes), (n, genes)).astype(np.float32)
    drawn[np.arange(n), rng.integers(0, genes, n)] = 1  # one count of a gene, as in any real cell
    return sp.csr_matrix(drawn)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), target=st.sampled_from([1e3, 1e4, 1e6]))
def test_counts_from_natural_logarithms(seed: int, target: float) -> None:
    counts = cells(seed)
    recovered, kind = recover_counts(log1p_normalize(counts, target))
    assert kind == "recovered"
    np.testing.assert_array_equal(recovered.toarray(), counts.toarray())


def test_counts_from_base_two_logarithms() -> None:
    counts = cells(1)
    logged = log1p_normalize(counts)
    logged.data /= np.log(2)
    recovered, kind = recover_counts(logged)
    assert kind == "recovered"
    np.testing.assert_array_equal(recovered.toarray(), counts.toarray())


def test_smallest_value_of_genes_that_are_not_read() -> None:
    counts = cells(2)
    logged = log1p_normalize(counts)
    floor = np.array([row.data.min() for row in logged])
    part = logged[:, :9]
    recovered, kind = recover_counts(part, smallest=floor)
    assert kind == "recovered"
    np.testing.assert_array_equal(recovered.toarray(), counts[:, :9].toarray())


def test_pseudo_counts() -> None:
    rng = np.random.default_rng(0)
    guessed, kind = recover_counts(np.log1p(rng.gamma(1.0, 50, (30, 400))))
    assert kind == "pseudo"
    np.testing.assert_allclose(guessed.sum(axis=1), PSEUDO_TOTAL, rtol=0.05)


def test_wide_range_of_values_is_not_recovered() -> None:
    """Almost all values are over a hundred times the smallest, so the smallest may not be a count of one."""
    values = np.random.default_rng(0).uniform(100, 10_000, (30, 50))
    values[:, 0] = 0.01
    assert recover_counts(np.log1p(values))[1] == "pseudo"


def test_integers_are_unchanged() -> None:
    counts = cells(3)
    taken, kind = recover_counts(counts)
    assert kind == "raw"
    assert (taken != counts).nnz == 0


def test_cell_without_counts() -> None:
    logged = log1p_normalize(cells(4)).tolil()
    logged[5] = 0
    recovered, kind = recover_counts(logged.tocsr())
    assert kind == "recovered"
    assert recovered[5].nnz == 0


@pytest.mark.parametrize("invalid", [-0.5, np.nan, np.inf])
def test_values_that_cannot_be_expression(invalid: float) -> None:
    with pytest.raises(NormalizationError, match="Cannot safely normalize data"):
        recover_counts(np.array([[0.5, invalid], [1.5, 2.5]]))
