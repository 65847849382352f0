"""Sums of features of one gene, and conversion of names to symbols."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from spatialcore.core.genes.sums import sum_duplicates
from spatialcore.core.utils import normalize_gene_names
from spatialcore.errors import InputError


def test_sums_equal_those_of_pandas(rng: np.random.Generator) -> None:
    names = ["b", "a", "b", "c", "a", "b"]
    dense = rng.poisson(1, (20, 6)).astype(np.float32)
    summed, unique = sum_duplicates(sp.csr_matrix(dense), names)
    expected = pd.DataFrame(dense, columns=names).T.groupby(level=0, sort=False).sum().T
    assert unique == list(expected.columns)
    np.testing.assert_array_equal(summed.toarray(), expected.to_numpy())


def test_normalize_gene_names_records_the_old_names() -> None:
    adata = ad.AnnData(np.ones((2, 3), np.float32), var=pd.DataFrame(index=["ENSG00000141510.18", "CD4", "HLA.A"]))
    named = normalize_gene_names(adata)
    assert named is adata
    assert list(named.var_names) == ["TP53", "CD4", "HLA-A"]
    assert list(named.var["original_name"]) == ["ENSG00000141510.18", "CD4", "HLA.A"]


def test_normalize_gene_names_with_copy() -> None:
    adata = ad.AnnData(np.ones((2, 1), np.float32), var=pd.DataFrame(index=["ENSG00000141510"]))
    assert list(normalize_gene_names(adata, copy=True).var_names) == ["TP53"]
    assert list(adata.var_names) == ["ENSG00000141510"]


def test_normalize_gene_names_sums_counts() -> None:
    var = pd.DataFrame(index=["ENSG00000141510", "CD4", "ENSG00000141510.18"])
    adata = ad.AnnData(np.array([[1, 2, 3], [0, 0, 4]], np.float32), var=var, layers={"counts": np.ones((2, 3))})
    summed = normalize_gene_names(adata)
    assert list(summed.var_names) == ["TP53", "CD4"]
    np.testing.assert_array_equal(summed.X.toarray(), [[4, 2], [4, 0]])
    np.testing.assert_array_equal(summed.layers["counts"].toarray(), [[2, 1], [2, 1]])


def test_normalize_gene_names_refuses_to_sum_logarithms() -> None:
    adata = ad.AnnData(np.array([[0.5, 1.2], [0.7, 2.3]], np.float32), var=pd.DataFrame(index=["HLA.A", "HLA-A"]))
    with pytest.raises(InputError, match="same symbol"):
        normalize_gene_names(adata)
