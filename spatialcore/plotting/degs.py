"""Differential genes of each type against all other cells."""

from typing import Final

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from spatialcore.core.rank_sum import rank_sum
from spatialcore.core.types import Floats
from spatialcore.core.validation import require_one_of
from spatialcore.plotting.expression import group_fractions, group_means
from spatialcore.plotting.groups import Groups

METHODS: Final = ("wilcoxon", "t-test", "t-test_overestim_var", "logreg")
COLUMNS: Final = ("cell_type", "rank", "gene", "score", "auc", "log2_fold_change", "fraction_in", "fraction_out")


def differential_genes(
    X: csr_matrix, genes: NDArray[np.str_], groups: Groups, *, n_genes: int, method: str = "wilcoxon"
) -> pd.DataFrame:
    """Return the top differential genes of each type against all other cells, best first.

    Parameters
    ----------
    X
        Cells x genes, log1p(10k).
    genes
        Gene names, shape (n_genes,).
    groups
        The types to compare; cells of other types are excluded.
    n_genes
        Genes per type. Only genes with a higher mean than in other cells are listed, so a type may have fewer.
    method
        ``"wilcoxon"`` is a rank-sum test with tie correction; the other methods are scanpy's.

    Returns
    -------
    One row per type and gene, with columns cell_type, rank, gene, score, auc, log2_fold_change, fraction_in (share of
    the cells of the type that express the gene) and fraction_out (share of the other cells).
    """
    ranks = rank_sum(X, groups.codes, len(groups.names))
    scores = ranks.z if method == "wilcoxon" else _scanpy_scores(X, genes, groups, method)
    mean_in, mean_out = _in_and_out(group_means(_unlog(X), groups), groups)
    fold = np.log2((mean_in + 1e-9) / (mean_out + 1e-9))
    fraction_in, fraction_out = _in_and_out(group_fractions(X, groups), groups)
    tables = []
    for k, name in enumerate(groups.names):
        order = np.argsort(-scores[k], kind="stable")
        best = order[(fold[k, order] > 0) & (scores[k, order] > 0)][:n_genes]
        columns = (scores[k], ranks.auc[k], fold[k], fraction_in[k], fraction_out[k])
        values = {key: value[best] for key, value in zip(COLUMNS[3:], columns, strict=True)}
        head = {"cell_type": name, "rank": np.arange(1, best.size + 1), "gene": genes[best]}
        tables.append(pd.DataFrame(head | values))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))


def _in_and_out(means: Floats, groups: Groups) -> tuple[Floats, Floats]:
    """Return the mean of each type and the mean of all other cells, from the means per type."""
    size = groups.sizes[:, None].astype(np.float64)
    sums = means * size
    return means, (sums.sum(axis=0) - sums) / np.maximum(size.sum() - size, 1)


def _unlog(X: csr_matrix) -> csr_matrix:
    return csr_matrix((np.expm1(X.data), X.indices, X.indptr), shape=X.shape)


def _scanpy_scores(X: csr_matrix, genes: NDArray[np.str_], groups: Groups, method: str) -> Floats:
    require_one_of("method", method, METHODS)
    import scanpy

    cells = np.flatnonzero(groups.codes >= 0)
    labels = pd.Categorical(np.asarray(groups.names)[groups.codes[cells]], categories=list(groups.names))
    index = [str(i) for i in range(cells.size)]
    data = AnnData(X[cells], obs=pd.DataFrame({"type": labels}, index=index), var=pd.DataFrame(index=genes))
    scanpy.tl.rank_genes_groups(data, "type", method=method, n_genes=genes.size)
    result = data.uns["rank_genes_groups"]
    scores = np.zeros((len(groups.names), genes.size))
    position = {gene: j for j, gene in enumerate(genes)}
    for k, name in enumerate(groups.names):
        scores[k, [position[gene] for gene in result["names"][name]]] = result["scores"][name]
    return np.nan_to_num(scores)
