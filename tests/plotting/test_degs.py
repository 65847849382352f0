"""Differential genes, compared with scanpy."""

import anndata as ad
import numpy as np
import pytest

from spatialcore.errors import InputError
from spatialcore.plotting.degs import differential_genes
from spatialcore.plotting.expression import log_expression
from spatialcore.plotting.groups import group_cells


def test_order_and_scores_of_scanpy(tissue: ad.AnnData) -> None:
    import scanpy

    scanpy.tl.rank_genes_groups(tissue, "cell_type", method="wilcoxon", tie_correct=True)
    table = differential_genes(*log_expression(tissue), group_cells(tissue, "cell_type"), n_genes=5)
    expected = tissue.uns["rank_genes_groups"]
    for name, rows in table.groupby("cell_type"):
        assert rows["gene"].tolist() == expected["names"][name][: len(rows)].tolist()
        np.testing.assert_allclose(rows["score"], expected["scores"][name][: len(rows)], rtol=1e-4)


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
