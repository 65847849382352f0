"""Values on other scales than counts."""

from pathlib import Path

import anndata as ad
import numpy as np
import scanpy as sc
import scipy.sparse as sp

from tests.workflow.cases import Case, N, case, with_query, with_reference
from tests.workflow.tissue import query, reference


def _shares(adata: ad.AnnData, total: float, rows: slice = slice(None)) -> ad.AnnData:
    counts = adata.X.toarray()
    counts[rows] *= total / counts[rows].sum(axis=1, keepdims=True)
    adata.X = sp.csr_matrix(counts)
    return adata


LINEAR = "linear|on different scales"


@case
def reference_in_linear_cpm(folder: Path) -> Case:
    return with_reference(folder, _shares(reference(), 1e6), LINEAR)


@case
def reference_in_linear_10k(folder: Path) -> Case:
    return with_reference(folder, _shares(reference(), 1e4), LINEAR)


@case
def reference_in_tpm_by_length(folder: Path) -> Case:
    adata = reference()
    adata.X = sp.csr_matrix(adata.X.toarray() / np.random.default_rng(0).uniform(0.5, 5, adata.n_vars))
    return with_reference(folder, _shares(adata, 1e6), LINEAR)


@case
def reference_in_rounded_cpm(folder: Path) -> Case:
    adata = _shares(reference(), 1e6)
    adata.X.data = np.round(adata.X.data)
    return with_reference(folder, adata, LINEAR)


def _rounded(adata: ad.AnnData, rows: slice = slice(None)) -> ad.AnnData:
    adata = _shares(adata, 1e4, rows)
    adata.X.data = np.round(adata.X.data)
    return adata


@case
def reference_in_rounded_10k(folder: Path) -> Case:
    return with_reference(folder, _rounded(reference()), LINEAR)


@case
def query_in_rounded_10k(folder: Path) -> Case:
    return with_query(folder, _rounded(query()), "linear")


@case
def one_study_in_rounded_10k(folder: Path) -> Case:
    return with_reference(folder, _rounded(reference(), slice(0, 9)), LINEAR)


@case
def rounded_10k_in_the_counts_layer(folder: Path) -> Case:
    adata = reference()
    adata.layers["counts"] = _rounded(reference()).X
    return with_reference(folder, adata)


@case
def one_study_in_tpm(folder: Path) -> Case:
    return with_reference(folder, _shares(reference(), 1e6, slice(0, 16)), LINEAR)


@case
def three_cells_in_tpm(folder: Path) -> Case:
    return with_reference(folder, _shares(reference(), 1e6, slice(0, 3)), LINEAR)


@case
def reference_with_counts_and_logarithms(folder: Path) -> Case:
    adata = _logged(reference(), 1e4)
    values = adata.X.tolil()
    values[:3] = reference().X[:3]
    adata.X = values.tocsr()
    return with_reference(folder, adata, LINEAR)


def _logged(adata: ad.AnnData, total: float | None, base: float = np.e) -> ad.AnnData:
    sc.pp.normalize_total(adata, target_sum=total)
    adata.X.data = np.log1p(adata.X.data) / np.log(base)
    return adata


@case
def reference_in_log1p_of_cpm(folder: Path) -> Case:
    return with_reference(folder, _logged(reference(), 1e6))


@case
def reference_in_log2(folder: Path) -> Case:
    return with_reference(folder, _logged(reference(), 1e4, 2))


@case
def reference_in_log10(folder: Path) -> Case:
    return with_reference(folder, _logged(reference(), 1e6, 10))


@case
def reference_normalized_with_scanpy_defaults(folder: Path) -> Case:
    return with_reference(folder, _logged(reference(), None))


@case
def query_normalized_with_scanpy_defaults(folder: Path) -> Case:
    return with_query(folder, _logged(query(), None))


@case
def two_studies_with_different_log_bases(folder: Path) -> Case:
    adata = _logged(reference(), 1e4)
    other = _logged(reference(), 1e4, 2)
    adata.X = sp.vstack([adata.X[:40], other.X[40:]]).tocsr()
    return with_reference(folder, adata)


@case
def reference_with_nan(folder: Path) -> Case:
    adata = reference()
    adata.X.data[5] = np.nan
    return with_reference(folder, adata, "NaN")


@case
def query_with_infinite_values(folder: Path) -> Case:
    adata = query()
    adata.X.data[5] = np.inf
    return with_query(folder, adata, "infinite")


@case
def query_with_scaled_values(folder: Path) -> Case:
    adata = query()
    sc.pp.scale(adata)
    return with_query(folder, adata, "negative")


def _scaled(adata: ad.AnnData, n_genes: int, target_sum: float | None = 1e4) -> ad.AnnData:
    """Return data as scanpy's tutorial leaves them: logarithms in raw.X, and z-scores of some genes in X."""
    sc.pp.normalize_total(adata, target_sum=target_sum)
    sc.pp.log1p(adata)
    adata.raw = adata.copy()
    adata = adata[:, :n_genes].copy()
    adata.X = adata.X.toarray()
    sc.pp.scale(adata, max_value=10)
    return adata


@case
def query_scaled_with_logarithms_in_raw(folder: Path) -> Case:
    return with_query(folder, _scaled(query(), N))


@case
def query_scaled_with_more_genes_in_raw(folder: Path) -> Case:
    return with_query(folder, _scaled(query(), N // 2, None))


@case
def reference_scaled_with_logarithms_in_raw(folder: Path) -> Case:
    return with_reference(folder, _scaled(reference(), N // 2))
