"""Expression for figures: log1p(10k) of the panel genes, sparse."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from spatialcore.annotation.expression.data import var_of
from spatialcore.annotation.expression.find import find_counts
from spatialcore.core.blocks import as_csr
from spatialcore.core.genes.features import gene_names
from spatialcore.core.genes.names import is_ensembl
from spatialcore.core.matrix import is_sparse
from spatialcore.core.normalization import log1p_normalize
from spatialcore.core.types import Floats
from spatialcore.errors import InputError
from spatialcore.plotting.groups import Groups

_SAMPLE = 20_000
_BLOCK = 20_000


def log_expression(adata: AnnData, layer: str | None = None) -> tuple[csr_matrix, NDArray[np.str_]]:
    """Return log-normalized expression of the panel genes and their names; control features are excluded.

    Parameters
    ----------
    adata
        Cells x genes. Counts in ``X`` are normalized to log1p(10k) in a copy; other values are used unchanged. If ``X``
        is absent or scaled, the counts or logarithms in a layer or in raw.X are used.
    layer
        A layer to use instead of ``X``.

    Returns
    -------
    X
        Cells x genes, CSR.
    genes
        Gene names, shape (n_genes,); symbols instead of Ensembl ids.

    Raises
    ------
    InputError
        The layer does not exist.
    """
    if layer is not None and layer not in adata.layers:
        raise InputError(f"layer '{layer}' not found", hint=f"existing layers: {', '.join(adata.layers) or 'none'}")
    source, var = _readable(adata) if layer is None else (adata.layers[layer], adata.var)
    symbols = np.array(gene_names(var)[0], dtype=str)
    is_gene = symbols != "" if (symbols != "").any() else np.ones(len(var), dtype=bool)
    genes = _names(var.index.to_numpy().astype(str), symbols)
    X: csr_matrix = csr_matrix(source) if is_sparse(source) else as_csr(np.asarray(source))
    if not is_gene.all():
        X, genes = X[:, np.flatnonzero(is_gene)].tocsr(), genes[is_gene]
    return (log1p_normalize(X) if _has_counts(X) else X), genes


def gene_positions(genes: NDArray[np.str_], selected: Iterable[str]) -> NDArray[np.intp]:
    """Return the column of each selected gene, in the order of the selection; -1 for a gene that was not measured.

    Examples
    --------
    >>> gene_positions(np.array(["CD3D", "CD19"]), ["CD19", "CD3D"])
    array([1, 0])
    """
    return pd.Index(genes).get_indexer(pd.Index(list(selected)))


def group_means(X: csr_matrix | csc_matrix, groups: Groups) -> Floats:
    """Return the mean expression per type, types x genes."""
    return _sums_by_type(X, groups) / np.maximum(groups.sizes, 1)[:, None]


def group_fractions(X: csr_matrix | csc_matrix, groups: Groups) -> Floats:
    """Return the share of the cells of each type that express a gene, types x genes."""
    detected = X.copy()
    detected.data = (detected.data != 0).astype(np.float32)
    return group_means(detected, groups)


def _sums_by_type(X: csr_matrix | csc_matrix, groups: Groups) -> Floats:
    """Return the sum of the cells of each type, types x genes, in blocks of cells."""
    rows, n_genes = csr_matrix(X), X.shape[1]
    sums = np.zeros((len(groups.names) + 1) * n_genes)  # the last row is that of excluded cells, whose code is -1
    types = np.where(groups.codes < 0, len(groups.names), groups.codes)
    for first in range(0, rows.shape[0], _BLOCK):
        pointers = rows.indptr[first : first + _BLOCK + 1]
        stored = slice(int(pointers[0]), int(pointers[-1]))
        places = np.repeat(types[first : first + _BLOCK] * n_genes, np.diff(pointers)) + rows.indices[stored]
        sums += np.bincount(places, weights=rows.data[stored], minlength=len(sums))
    return sums.reshape(-1, n_genes)[:-1]


def _readable(adata: AnnData) -> tuple[Any, pd.DataFrame]:
    """Return X and its features; if X is absent or scaled, the matrix that a model reads, if there is one."""
    if adata.X is not None and not _is_scaled(adata.X):
        return adata.X, adata.var
    try:
        matrix, _, source = find_counts(adata)
    except InputError:
        if adata.X is None:
            raise
        return adata.X, adata.var
    return matrix, var_of(adata, source)


def _is_scaled(X: Any) -> bool:
    """Return whether values are negative or missing."""
    values = X.data if is_sparse(X) else X if isinstance(X, np.ndarray) else np.empty(0)
    return values.size > 0 and not values.min() >= 0  # a NaN makes the comparison false


def _names(names: NDArray[np.str_], symbols: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the names of the features, symbols instead of Ensembl ids where the symbol is the only one."""
    is_unique = ~pd.Series(symbols).duplicated(keep=False).to_numpy() & ~np.isin(symbols, names)
    replaced = np.array([is_ensembl(name) for name in names], dtype=bool) & is_unique & (symbols != "")
    return np.where(replaced, symbols, names)


def _has_counts(X: csr_matrix) -> bool:
    """Return whether all values in a seeded sample of the stored values are non-negative integers."""
    if not X.nnz:
        return False
    values = X.data[np.random.default_rng(0).integers(X.nnz, size=min(X.nnz, _SAMPLE))]
    return bool((values >= 0).all() and np.allclose(values, np.round(values), atol=1e-6))
