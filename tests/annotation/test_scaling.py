"""Every row of the decision matrix of normalization, with values compared to scanpy."""

import logging
from typing import Any

import anndata as ad
import numpy as np
import pytest
import scanpy as sc
import scipy.sparse as sp

from spatialcore.annotation import ensure_normalized
from spatialcore.core.normalization import log1p_normalize
from spatialcore.core.utils import check_normalization_status
from spatialcore.errors import InputError, NormalizationError
from tests.annotation.reference_data import GENES, make_reference


def expected(counts: np.ndarray) -> np.ndarray:
    adata = ad.AnnData(sp.csr_matrix(counts))
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata.X.toarray()


def in_state(state: str) -> ad.AnnData:
    if state == "negative":
        adata = make_reference(state="log1p_10k")
        adata.X = adata.X.toarray() - adata.X.toarray().mean(axis=0)
        return adata
    if state == "unknown":
        adata = make_reference()
        adata.X = sp.csr_matrix(adata.shape, dtype=np.float32)
        return adata
    if state == "linear":
        adata = make_reference(state="log1p_10k")
        adata.X = adata.X.expm1()
        return adata
    return make_reference(state=state)


STATES = ["raw", "log1p_10k", "log1p_cpm", "log1p_other", "linear", "negative", "unknown"]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("source", ["counts", "raw_counts", "raw", "raw.X"])
def test_raw_counts_have_priority_over_x(state: str, source: str) -> None:
    adata = in_state(state)
    truth = adata.uns["truth"]
    if source == "raw.X":
        adata.raw = make_reference()
    else:
        adata.layers[source] = sp.csr_matrix(truth)
    out = ensure_normalized(adata)
    assert out is adata
    np.testing.assert_allclose(out.X.toarray(), expected(truth), rtol=1e-5)
    if source != "raw.X":
        np.testing.assert_array_equal(out.layers[source].toarray(), truth)


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix, sp.csr_matrix.toarray])
def test_raw_x_is_normalized_and_counts_are_retained(kind: Any) -> None:
    adata = make_reference()
    adata.X = kind(adata.X)
    ensure_normalized(adata)
    np.testing.assert_allclose(adata.X.toarray(), expected(adata.uns["truth"]), rtol=1e-5)
    np.testing.assert_array_equal(adata.layers["counts"].toarray(), adata.uns["truth"])
    repeated = ensure_normalized(adata.copy())
    np.testing.assert_array_equal(repeated.X.toarray(), adata.X.toarray())


def test_verified_log1p_10k_is_unchanged() -> None:
    adata = in_state("log1p_10k")
    before = adata.X.copy()
    assert (before != ensure_normalized(adata).X).nnz == 0


@pytest.mark.parametrize("state", ["log1p_cpm", "log1p_other", "linear", "negative", "unknown"])
def test_other_states_are_an_error_with_a_hint(state: str) -> None:
    with pytest.raises(NormalizationError, match="Cannot safely normalize data") as error:
        ensure_normalized(in_state(state))
    assert isinstance(error.value, ValueError)
    assert f"state {state}" in str(error.value)
    assert 'adata.layers["counts"]' in str(error.value)
    assert "unsafe_force=True" in str(error.value)


@pytest.mark.parametrize("state", ["log1p_cpm", "log1p_other", "linear", "negative"])
def test_force_continues_with_a_warning(state: str, caplog: pytest.LogCaptureFixture) -> None:
    adata = in_state(state)
    values = adata.X.toarray() if sp.issparse(adata.X) else adata.X.copy()
    with caplog.at_level(logging.WARNING, "spatialcore"):
        ensure_normalized(adata, unsafe_force=True)
    assert "UNSAFE" in caplog.text
    assert state in caplog.text
    target = log1p_normalize(sp.csr_matrix(np.clip(values, 0, None)))
    np.testing.assert_allclose(adata.X.toarray(), target.toarray(), rtol=1e-5)


def test_no_warning_if_force_was_not_needed(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "spatialcore"):
        ensure_normalized(make_reference(), unsafe_force=True)
    assert "UNSAFE" not in caplog.text


def test_raw_x_wider_than_x_is_aligned_by_name() -> None:
    adata = make_reference(genes=GENES[:10], state="log1p_cpm")
    order = np.random.default_rng(0).permutation(30)
    wide = make_reference(genes=[GENES[i] for i in order])
    adata.raw = wide
    ensure_normalized(adata)
    at = [list(wide.var_names).index(gene) for gene in adata.var_names]
    np.testing.assert_allclose(adata.X.toarray(), expected(wide.uns["truth"][:, at]), rtol=1e-5)


def test_raw_x_that_lacks_genes_of_x_is_an_error() -> None:
    adata = make_reference(state="log1p_cpm")
    adata.raw = make_reference(genes=[*GENES[:-1], "OTHER"])
    with pytest.raises(InputError, match=r"raw\.X cannot be aligned"):
        ensure_normalized(adata)


def test_a_cell_without_counts_stays_at_zero() -> None:
    adata = make_reference()
    adata.X = sp.csr_matrix(adata.X.toarray() * (np.arange(adata.n_obs) != 3)[:, None])
    ensure_normalized(adata)
    assert adata.X[3].nnz == 0
    assert np.isfinite(adata.X.data).all()


def test_a_copy_does_not_change_the_original() -> None:
    adata = make_reference()
    out = ensure_normalized(adata, copy=True)
    assert check_normalization_status(adata)["x_state"] == "raw"
    assert "counts" not in adata.layers
    assert check_normalization_status(out)["x_state"] == "log1p_10k"


def test_raw_input_remains_available_for_the_next_step() -> None:
    """Selecting genes after normalization and normalizing again starts from the counts."""
    adata = ensure_normalized(make_reference())
    panel = ensure_normalized(adata[:, GENES[:8]].copy())
    np.testing.assert_allclose(panel.X.toarray(), expected(adata.uns["truth"][:, :8]), rtol=1e-5)


@pytest.mark.parametrize("target", [0, -1, float("nan"), "10k"])
def test_target_sum_is_checked(target: Any) -> None:
    with pytest.raises(InputError, match="target_sum"):
        ensure_normalized(make_reference(), target_sum=target)


def test_backed_data_is_refused(write: Any) -> None:
    with pytest.raises(InputError, match="backed"):
        ensure_normalized(ad.read_h5ad(write(), backed="r"))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint64])
def test_integers_do_not_overflow(dtype: Any) -> None:
    top = min(int(np.iinfo(dtype).max), 2**40)
    counts = np.array([[top, top, 1], [1, 2, 3]], dtype=dtype)
    out = ensure_normalized(ad.AnnData(counts))
    np.testing.assert_allclose(np.expm1(out.X.toarray().astype(float)).sum(axis=1), 1e4, rtol=1e-3)
