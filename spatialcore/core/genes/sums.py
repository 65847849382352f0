"""Rename features to gene symbols, and sum features of one gene."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from spatialcore.core.genes.symbols import symbols_of
from spatialcore.core.logging import get_logger
from spatialcore.core.matrix import open_matrix
from spatialcore.core.normalization import check_normalization_status
from spatialcore.core.validation import takes_adata
from spatialcore.errors import InputError

log = get_logger(__name__)


def sum_duplicates(X: sp.csr_matrix, names: Sequence[str]) -> tuple[sp.csr_matrix, list[str]]:
    """Sum the columns with equal names; names keep the order of their first appearance.

    Examples
    --------
    >>> summed, names = sum_duplicates(sp.csr_matrix([[1, 2, 4]]), ["A", "B", "A"])
    >>> summed.toarray().tolist(), names
    ([[5, 2]], ['A', 'B'])
    """
    codes, unique = pd.factorize(np.asarray(names, dtype=object))
    if len(unique) == len(names):
        return X, list(names)
    fold = sp.csr_matrix(
        (np.ones(len(names), X.dtype), (np.arange(len(names)), codes)), shape=(len(names), len(unique))
    )
    return sp.csr_matrix(X @ fold), [str(name) for name in unique]


@takes_adata
def normalize_gene_names(
    adata: AnnData, ensembl_to_hugo: Mapping[str, str] | None = None, copy: bool = False
) -> AnnData:
    """Rename features to gene symbols.

    Ensembl ids are replaced by the symbol in a column of var (feature_name, gene_symbols ...) or in the shipped table.
    The previous names are stored in ``var["original_name"]``. Features with the same symbol are summed if X has
    counts; other values are refused, because logarithms cannot be summed.

    Parameters
    ----------
    adata
        Cells x features. The shipped table has human and mouse genes.
    ensembl_to_hugo
        Ensembl id -> symbol, used instead of the shipped table.
    copy
        Return a new object. By default `adata` is modified and returned, except if features are summed: the number of
        columns of an AnnData cannot change in place, so a new object is returned.

    Returns
    -------
    AnnData
        Cells x genes, with symbols as var_names.

    Raises
    ------
    InputError
        Two features have the same symbol and X does not have counts.

    Examples
    --------
    >>> import anndata
    >>> adata = anndata.AnnData(np.ones((1, 1)), var=pd.DataFrame(index=["ENSG00000141510"]))
    >>> normalize_gene_names(adata).var_names.tolist()
    ['TP53']
    """
    symbols = symbols_of(list(adata.var_names), adata.var, ensembl_to_hugo)
    if len(set(symbols)) == len(symbols):
        renamed = adata.copy() if copy else adata
        if symbols != list(map(str, adata.var_names)):
            renamed.var["original_name"] = np.asarray(adata.var_names, dtype=object)
            renamed.var_names = symbols
        return renamed
    return _with_summed_features(adata, symbols)


def _with_summed_features(adata: AnnData, symbols: list[str]) -> AnnData:
    status = check_normalization_status(adata)
    if status["x_state"] != "raw":
        repeated = [name for name, n in pd.Series(symbols).value_counts().items() if n > 1]
        raise InputError(
            f"several features have the same symbol ({', '.join(map(str, repeated[:5]))}) and X has "
            f"{status['x_state']} values, expected raw counts",
            hint="put raw counts in X: only counts can be summed",
        )
    rows = np.arange(adata.n_obs)
    summed, unique = sum_duplicates(open_matrix(adata.X).take(rows), symbols)
    first = pd.Series(np.arange(len(symbols)), index=symbols).groupby(level=0, sort=False).first().to_numpy()
    var = adata.var.iloc[first].copy()
    var["original_name"] = np.asarray(adata.var_names, dtype=object)[first]
    var.index = pd.Index(unique)
    layers = {
        name: sum_duplicates(open_matrix(layer).take(rows), symbols)[0]
        for name, layer in adata.layers.items()
        if name in ("counts", "raw_counts", "raw")
    }
    log.info("summed %d features into %d genes", len(symbols), len(unique))
    return AnnData(summed, adata.obs.copy(), var, uns=dict(adata.uns), obsm=dict(adata.obsm), layers=layers)
