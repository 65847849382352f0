"""Features named by gene symbol, several features of one gene added up."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from spatialcore.core.genes.symbols import symbols_of
from spatialcore.core.logging import get_logger
from spatialcore.core.matrix import open_matrix
from spatialcore.core.normalization import check_normalization_status
from spatialcore.errors import InputError

log = get_logger(__name__)


def sum_duplicates(X: sp.csr_matrix, names: Sequence[str]) -> tuple[sp.csr_matrix, list[str]]:
    """Add up the columns of one name; the names keep the order in which they first appear."""
    codes, unique = pd.factorize(np.asarray(names, dtype=object))
    if len(unique) == len(names):
        return X, list(names)
    fold = sp.csr_matrix(
        (np.ones(len(names), X.dtype), (np.arange(len(names)), codes)), shape=(len(names), len(unique))
    )
    return sp.csr_matrix(X @ fold), [str(name) for name in unique]


def normalize_gene_names(
    adata: AnnData, ensembl_to_hugo: Mapping[str, str] | None = None, copy: bool = False
) -> AnnData:
    """Name the features by gene symbol.

    Ensembl ids become symbols by a column of var (feature_name, gene_symbols ...) or by the shipped table; the names
    that were there go to ``var["original_name"]``. Features that share a symbol are summed when X holds counts, and
    otherwise refused, because logarithms do not add up.

    Parameters
    ----------
    adata
        Any species; ids of human and mouse genes are known.
    ensembl_to_hugo
        Ensembl id -> symbol, instead of the shipped table.
    copy
        Return a new object. Without it the object passed in is renamed, unless features have to be summed: the
        number of columns of an AnnData cannot change in place, so then a new object is returned as well.

    Raises
    ------
    InputError
        Two features share a symbol and X does not hold counts.
    """
    symbols = symbols_of(list(adata.var_names), adata.var, ensembl_to_hugo)
    if len(set(symbols)) == len(symbols):
        named = adata.copy() if copy else adata
        if symbols != list(map(str, adata.var_names)):
            named.var["original_name"] = np.asarray(adata.var_names, dtype=object)
            named.var_names = symbols
        return named
    return _with_summed_features(adata, symbols)


def _with_summed_features(adata: AnnData, symbols: list[str]) -> AnnData:
    status = check_normalization_status(adata)
    if status["x_state"] != "raw":
        repeated = [name for name, n in pd.Series(symbols).value_counts().items() if n > 1]
        raise InputError(
            f"features share a symbol ({', '.join(map(str, repeated[:5]))}) and X is {status['x_state']}, not counts",
            hint="put raw counts in X: counts of one gene are summed, logarithms cannot be",
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
    log.info("%d features were summed into %d genes", len(symbols), len(unique))
    return AnnData(summed, adata.obs.copy(), var, uns=dict(adata.uns), obsm=dict(adata.obsm), layers=layers)
