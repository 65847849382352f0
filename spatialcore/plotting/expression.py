"""Expression for figures: log1p(10k) of the panel genes, sparse."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from spatialcore.core.blocks import as_csr
from spatialcore.core.genes.features import gene_names
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
        Cells x genes. Counts in ``X`` are normalized to log1p(10k) in a copy; other values are used unchanged.
    layer
        A layer to use instead of ``X``.

    Returns
    -------
    X
        Cells x genes, CSR.
    genes
        Gene names, shape (n_genes,).

    Raises
    ------
    InputError
        The layer does not exist.
    """
    if layer is not None and layer not in adata.layers:
        raise InputError(f"layer '{layer}' not found", hint=f"existing layers: {', '.join(adata.layers) or 'none'}")
    source: Any = adata.X if layer is None else adata.layers[layer]
    genes = adata.var_names.to_numpy().astype(str)
    is_gene = _is_gene(adata)
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


def _is_gene(adata: AnnData) -> NDArray[np.bool_]:
    is_gene = np.array([bool(symbol) for symbol in gene_names(adata.var)[0]], dtype=bool)
    return is_gene if is_gene.any() else np.ones(adata.n_vars, dtype=bool)


def _has_counts(X: csr_matrix) -> bool:
    """Return whether all values in a seeded sample of the stored values are non-negative integers."""
    if not X.nnz:
        return False
    values = X.data[np.random.default_rng(0).integers(X.nnz, size=min(X.nnz, _SAMPLE))]
    return bool((values >= 0).all() and np.allclose(values, np.round(values), atol=1e-6))
