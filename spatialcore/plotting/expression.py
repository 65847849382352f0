"""The expression that figures are drawn from: log1p(10k) of the panel's genes, sparse."""

from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from spatialcore.annotation.panel import gene_features
from spatialcore.core.matrix import is_sparse
from spatialcore.core.normalization import TARGET_SUM
from spatialcore.errors import InputError
from spatialcore.plotting.groups import Groups

_SAMPLE = 20_000


def log_expression(adata: AnnData, layer: str | None = None) -> tuple[csr_matrix, NDArray[np.str_]]:
    """Return log-normalised expression of the panel and the genes' names; control features are left out.

    Parameters
    ----------
    adata
        Cells x genes. ``X`` is taken as it is, unless it holds counts: these are brought to log1p(10k) in a copy.
    layer
        A layer to take instead of ``X``.

    Raises
    ------
    InputError
        The layer is not there.
    """
    if layer is not None and layer not in adata.layers:
        raise InputError(f"layers has no '{layer}'", hint=f"layers has: {', '.join(adata.layers) or 'nothing'}")
    source: Any = adata.X if layer is None else adata.layers[layer]
    genes = adata.var_names.to_numpy().astype(str)
    kept = _is_gene(adata)
    X: csr_matrix = csr_matrix(source if is_sparse(source) else np.asarray(source))
    if not kept.all():
        X, genes = X[:, np.flatnonzero(kept)].tocsr(), genes[kept]
    return (_normalise(X) if _holds_counts(X) else X), genes


def group_means(X: csr_matrix | csc_matrix, groups: Groups) -> NDArray[np.float64]:
    """Return the mean per type and gene, types x genes, by one sparse product."""
    return np.asarray((_membership(groups, X.shape[0]) @ X).todense(), dtype=np.float64)


def group_fractions(X: csr_matrix | csc_matrix, groups: Groups) -> NDArray[np.float64]:
    """Return the share of a type's cells in which a gene is seen, types x genes."""
    seen = X.copy()
    seen.data = (seen.data != 0).astype(np.float32)
    return group_means(seen, groups)


def _membership(groups: Groups, n_cells: int) -> csr_matrix:
    cells = np.flatnonzero(groups.codes >= 0)
    weight = 1.0 / np.maximum(groups.sizes, 1)
    rows = groups.codes[cells]
    return csr_matrix((weight[rows], (rows, cells)), shape=(len(groups.names), n_cells))


def _is_gene(adata: AnnData) -> NDArray[np.bool_]:
    panel = set(gene_features(adata.var))
    kept = np.fromiter((name in panel for name in adata.var_names), dtype=bool, count=adata.n_vars)
    return kept if kept.any() else np.ones(adata.n_vars, dtype=bool)


def _holds_counts(X: csr_matrix) -> bool:
    """Say whether a seeded sample of the stored values is whole numbers."""
    if not X.nnz:
        return False
    values = X.data[np.random.default_rng(0).integers(X.nnz, size=min(X.nnz, _SAMPLE))]
    return bool((values >= 0).all() and np.allclose(values, np.round(values), atol=1e-6))


def _normalise(counts: csr_matrix) -> csr_matrix:
    X = counts.astype(np.float32, copy=True)
    totals = np.asarray(X.sum(axis=1)).ravel()
    factors = np.divide(TARGET_SUM, totals, out=np.zeros_like(totals), where=totals > 0)
    X.data *= np.repeat(factors, np.diff(X.indptr))
    np.log1p(X.data, out=X.data)
    return X
