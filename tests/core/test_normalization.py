"""The state of a matrix: all states, all storages, and matrices whose first rows are misleading."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
import scipy.sparse as sp

from spatialcore.core.normalization import log1p_normalize
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.utils import check_normalization_status
from spatialcore.errors import InputError


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    rng = np.random.default_rng(5)
    return rng.poisson(rng.gamma(0.3, 3, 80) * rng.lognormal(0, 0.5, (400, 1))).astype(np.float32)


def logged(counts: np.ndarray, target: float) -> np.ndarray:
    totals = counts.sum(axis=1, keepdims=True)
    return np.log1p(np.divide(counts * target, totals, out=np.zeros_like(counts), where=totals > 0))


def linear(counts: np.ndarray) -> np.ndarray:
    return np.expm1(logged(counts, 1e4))


def embedding(counts: np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).normal(size=counts.shape).astype(np.float32)


STATES = {
    "raw": lambda c: c,
    "log1p_10k": lambda c: logged(c, 1e4),
    "log1p_cpm": lambda c: logged(c, 1e6),
    "log1p_other": lambda c: logged(c, 1e3),
    "linear": linear,
    "negative": lambda c: logged(c, 1e4) - logged(c, 1e4).mean(axis=0),
    "unknown": lambda c: np.zeros_like(c),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, sp.csc_matrix, sp.csr_array, sp.coo_matrix])
def test_state_in_all_formats(state: str, kind: Any, counts: np.ndarray) -> None:
    stored = kind(STATES[state](counts))
    status = check_normalization_status(ad.AnnData(stored if kind is not sp.coo_matrix else stored.tocsr()))
    assert status["x_state"] == state
    assert status["raw_source"] == ("X" if state == "raw" else None)
    assert status["is_usable"] == (state in ("raw", "log1p_10k"))
    assert set(status) == {"raw_source", "x_state", "x_target_sum", "is_usable", "has_log1p_uns", "stats"}
    assert set(status["stats"]) == {"mean", "max", "min", "fraction_integer"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, sp.csc_matrix])
def test_backed_and_file_equal_memory(state: str, kind: Any, counts: np.ndarray, tmp_path: Path) -> None:
    memory = ad.AnnData(kind(STATES[state](counts)))
    memory.write_h5ad(tmp_path / "a.h5ad")
    backed = check_normalization_status(ad.read_h5ad(tmp_path / "a.h5ad", backed="r"))
    with AnnDataFile(tmp_path / "a.h5ad") as file:
        from_file = file.status()
    assert backed["x_state"] == from_file["x_state"] == check_normalization_status(memory)["x_state"]


@pytest.mark.parametrize(("target", "state"), [(1e4, "log1p_10k"), (10_751, "log1p_10k"), (1e6, "log1p_cpm")])
def test_target_sum_of_scanpy(target: float, state: str, counts: np.ndarray) -> None:
    adata = ad.AnnData(sp.csr_matrix(counts[counts.sum(axis=1) > 0]))
    sc.pp.normalize_total(adata, target_sum=target)
    sc.pp.log1p(adata)
    status = check_normalization_status(adata)
    assert status["x_state"] == state
    assert status["x_target_sum"] == pytest.approx(target, rel=1e-3)
    assert status["has_log1p_uns"]


def test_priority_of_raw_counts(counts: np.ndarray) -> None:
    wide = ad.AnnData(np.hstack([counts, counts]))
    adata = ad.AnnData(counts.copy(), layers={name: counts.copy() for name in ("raw", "counts", "raw_counts")})
    wide.obs_names = adata.obs_names
    adata.raw = wide
    for source in ("layers/counts", "layers/raw_counts", "layers/raw", "raw.X", "X"):
        assert check_normalization_status(adata)["raw_source"] == source
        if source == "raw.X":
            del adata.raw
        elif source != "X":
            del adata.layers[source.removeprefix("layers/")]


def test_layer_counts_with_logarithms_is_ignored(counts: np.ndarray) -> None:
    adata = ad.AnnData(logged(counts, 1e6), layers={"counts": logged(counts, 1e4)})
    assert check_normalization_status(adata)["raw_source"] is None


@pytest.mark.parametrize("order", ["fine first", "fine last"])
@pytest.mark.parametrize("share", [0.05, 0.4, 0.8])
def test_rows_with_another_scale_in_any_position(order: str, share: float, counts: np.ndarray) -> None:
    many = np.tile(counts[counts.sum(axis=1) > 0], (8, 1))
    n_fine = int(len(many) * (1 - share))
    mixed = np.vstack([logged(many[:n_fine], 1e4), logged(many[n_fine:], 1e6)])
    mixed = mixed if order == "fine first" else mixed[::-1]
    status = check_normalization_status(ad.AnnData(sp.csr_matrix(mixed)), sample_size=500)
    assert status["x_state"] != "log1p_10k"
    assert not status["is_usable"]


def test_raw_rows_followed_by_logarithms(counts: np.ndarray) -> None:
    mixed = np.vstack([counts, logged(np.tile(counts, (4, 1)), 1e4)])
    assert check_normalization_status(ad.AnnData(mixed))["raw_source"] is None


def test_genes_removed_after_normalization(counts: np.ndarray) -> None:
    filled = counts[counts.sum(axis=1) > 0]
    remaining = logged(filled, 1e4)[:, np.argsort(filled.mean(axis=0))[2:]]
    assert check_normalization_status(ad.AnnData(remaining))["x_state"] == "log1p_10k"


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint16, np.float64, bool])
def test_counts_of_all_dtypes(dtype: Any, counts: np.ndarray) -> None:
    typed = np.clip(counts, 0, 100).astype(dtype)
    assert check_normalization_status(ad.AnnData(sp.csr_matrix(typed)))["x_state"] == "raw"


def test_rounding_errors_of_counts(counts: np.ndarray) -> None:
    with_rounding_errors = counts.astype(np.float64) * (1 + 2e-16)
    assert check_normalization_status(ad.AnnData(with_rounding_errors))["x_state"] == "raw"


def test_integer_threshold(counts: np.ndarray) -> None:
    values = np.full((100, 100), 3.0)
    values.ravel()[: int(0.04 * values.size)] = 2.5
    assert check_normalization_status(ad.AnnData(values))["x_state"] == "raw"
    values.ravel()[: int(0.06 * values.size)] = 2.5
    assert check_normalization_status(ad.AnnData(values))["x_state"] != "raw"


@pytest.mark.parametrize("invalid", [np.nan, np.inf])
def test_nan_and_infinite_values(invalid: float, counts: np.ndarray) -> None:
    values = logged(counts, 1e4)
    values[:, 3] = invalid
    assert check_normalization_status(ad.AnnData(values))["x_state"] == "unknown"


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0), (3, 4)])
@pytest.mark.parametrize("kind", [np.zeros, sp.csr_matrix, sp.csc_matrix])
def test_empty_matrices(shape: tuple[int, int], kind: Any) -> None:
    status = check_normalization_status(ad.AnnData(kind(shape, dtype=np.float32)))
    assert (status["x_state"], status["raw_source"], status["is_usable"]) == ("unknown", None, False)


def test_no_x() -> None:
    assert check_normalization_status(ad.AnnData(obs=pd.DataFrame(index=list("ab"))))["x_state"] == "unknown"


def test_random_state(counts: np.ndarray) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    adata = ad.AnnData(sp.csr_matrix(logged(np.tile(counts, (9, 1)), 1e4)))
    assert check_normalization_status(adata, random_state=1) == check_normalization_status(adata, random_state=1)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize(
    ("name", "value"),
    [("sample_size", 0), ("sample_size", 2.5), ("integer_tolerance", -1), ("integer_threshold", 7)],
)
def test_values_are_checked(name: str, value: float, counts: np.ndarray) -> None:
    with pytest.raises(InputError, match=name):
        check_normalization_status(ad.AnnData(counts), **{name: value})


def test_log1p_normalize_equals_scanpy(counts: np.ndarray) -> None:
    full = sp.csr_matrix(np.vstack([counts, np.zeros((2, counts.shape[1]), np.float32)]))
    adata = ad.AnnData(full.copy())
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    result = log1p_normalize(full)
    np.testing.assert_allclose(result.toarray(), adata.X.toarray(), rtol=1e-6)
    assert result[-1].nnz == 0


@pytest.mark.parametrize("total", [1e4, 1e5, 1e6])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
def test_rounded_shares_are_linear_not_counts(total: float, kind: Any, counts: np.ndarray) -> None:
    rounded = kind(np.round(np.expm1(logged(counts, total))).astype(np.float32))
    assert check_normalization_status(ad.AnnData(rounded))["x_state"] == "linear"
    beside = ad.AnnData(kind(counts), layers={"counts": rounded})
    assert check_normalization_status(beside)["raw_source"] == "X"


WHICH_COUNTS = {
    # genes of X, whether X has counts, whether there is a layer of counts, genes of raw.X, the matrix that is read
    "raw.X with fewer genes than counts in X": (80, True, False, 30, "X"),
    "raw.X with fewer genes than a logarithm in X": (80, False, False, 30, "raw.X"),
    "raw.X with the genes of counts in X": (80, True, False, 80, "raw.X"),
    "raw.X with more genes than counts in X": (30, True, False, 80, "raw.X"),
    "raw.X with more genes than a layer": (30, False, True, 80, "layers/counts"),
    "raw.X with the genes of a layer": (80, False, True, 80, "layers/counts"),
    "raw.X with fewer genes than a layer": (80, True, True, 30, "layers/counts"),
}


@pytest.mark.parametrize("case", WHICH_COUNTS)
def test_counts_in_x_come_before_raw_counts_of_fewer_genes(case: str, counts: np.ndarray, tmp_path: Path) -> None:
    n_x, is_raw, has_layer, n_raw, source = WHICH_COUNTS[case]
    var = pd.DataFrame(index=[f"LINC{i:05d}" for i in range(1000, 1080)])
    adata = ad.AnnData((counts if is_raw else logged(counts, 1e4))[:, :n_x], var=var[:n_x])
    adata.raw = ad.AnnData(counts[:, :n_raw], var=var[:n_raw])
    if has_layer:
        adata.layers["counts"] = counts[:, :n_x]
    assert check_normalization_status(adata)["raw_source"] == source
    adata.write_h5ad(tmp_path / "a.h5ad")
    with AnnDataFile(tmp_path / "a.h5ad") as file:
        assert file.status()["raw_source"] == source
