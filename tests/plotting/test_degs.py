"""Differential genes, compared with scipy."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu, norm

from spatialcore.errors import InputError
from spatialcore.plotting.degs import differential_genes
from spatialcore.plotting.expression import log_expression
from spatialcore.plotting.groups import group_cells


def test_genes_are_ordered_by_rank_sum_scores(tissue: ad.AnnData) -> None:
    """Scanpy computes the same scores (Wilcoxon, tie_correct=True), but only after half a minute of compilation."""
    X, genes = log_expression(tissue)
    groups = group_cells(tissue, "cell_type")
    table = differential_genes(X, genes, groups, n_genes=5)
    values, types = X.toarray().astype(np.float64), tissue.obs["cell_type"].to_numpy()
    for name, rows in table.groupby("cell_type"):
        test = mannwhitneyu(values[types == name], values[types != name], use_continuity=False, method="asymptotic")
        mean = (types == name).sum() * (types != name).sum() / 2
        scores = pd.Series(np.sign(test.statistic - mean) * norm.isf(test.pvalue / 2), genes)
        np.testing.assert_allclose(rows["score"], scores[rows["gene"]], rtol=1e-4)
        assert rows["score"].min() >= scores.drop(rows["gene"]).max() - 1e-6
        assert rows["score"].is_monotonic_decreasing


def test_fold_change_and_fractions_of_a_gene(tissue: ad.AnnData) -> None:
    X, genes = log_expression(tissue)
    table = differential_genes(X, genes, group_cells(tissue, "cell_type"), n_genes=3)
    row = table[table["gene"] == "CD3D"].iloc[0]
    values = np.expm1(tissue[:, "CD3D"].X.toarray().ravel().astype(np.float64))
    is_type = (tissue.obs["cell_type"] == row["cell_type"]).to_numpy()
    assert row["cell_type"] == "T cell"
    assert row["log2_fold_change"] == pytest.approx(np.log2(values[is_type].mean() / values[~is_type].mean()), rel=1e-4)
    assert row["fraction_in"] == pytest.approx((values[is_type] > 0).mean())
    assert row["fraction_out"] == pytest.approx((values[~is_type] > 0).mean())


def test_unknown_method(tissue: ad.AnnData) -> None:
    with pytest.raises(InputError, match="unknown method 'guess'"):
        differential_genes(*log_expression(tissue), group_cells(tissue, "cell_type"), n_genes=1, method="guess")
