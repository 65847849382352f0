"""Expression for figures: normalization, control features, means per type."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from spatialcore.errors import InputError
from spatialcore.plotting.expression import group_fractions, group_means, log_expression
from spatialcore.plotting.groups import Groups
from spatialcore.plotting.markers import marker_sets


def test_counts_are_normalized_and_log_values_unchanged(tissue: ad.AnnData) -> None:
    from_counts, genes = log_expression(tissue, "counts")
    unchanged, _ = log_expression(tissue)
    np.testing.assert_allclose(from_counts.toarray(), tissue.X.toarray(), rtol=1e-5)
    assert (unchanged != tissue.X).nnz == 0
    assert genes.tolist() == tissue.var_names.tolist()


def test_control_features_are_excluded() -> None:
    adata = ad.AnnData(csr_matrix(np.ones((2, 2))), var=pd.DataFrame(index=["CD3E", "NegControlProbe_00001"]))
    X, genes = log_expression(adata)
    assert genes.tolist() == ["CD3E"]
    np.testing.assert_allclose(X.toarray(), np.log1p(10_000), rtol=1e-6)


def test_missing_layer(tissue: ad.AnnData) -> None:
    with pytest.raises(InputError, match="'raw' not found"):
        log_expression(tissue, "raw")


def test_means_and_fractions_per_type(rng: np.random.Generator) -> None:
    dense = rng.poisson(1.0, (30, 4)).astype(np.float32)
    codes = rng.integers(-1, 3, 30)
    groups = Groups(("a", "b", "c"), codes)
    expected = pd.DataFrame(dense).groupby(codes).mean().loc[[0, 1, 2]].to_numpy()
    np.testing.assert_allclose(group_means(csr_matrix(dense), groups), expected, rtol=1e-6)
    shares = pd.DataFrame(dense > 0).groupby(codes).mean().loc[[0, 1, 2]].to_numpy()
    np.testing.assert_allclose(group_fractions(csr_matrix(dense), groups), shares, rtol=1e-6)


def test_scaled_values_are_replaced_by_those_that_a_model_reads(tissue: ad.AnnData) -> None:
    expected, names = log_expression(tissue)
    scaled = ad.AnnData(tissue.X.toarray()[:, :5] - 1.5, tissue.obs, tissue.var[:5])
    scaled.raw = tissue
    X, genes = log_expression(scaled)
    assert genes.tolist() == names.tolist()
    np.testing.assert_array_equal(X.toarray(), expected.toarray())
    counts = ad.AnnData(None, tissue.obs, tissue.var, layers={"counts": tissue.layers["counts"]})
    np.testing.assert_allclose(log_expression(counts)[0].toarray(), expected.toarray(), rtol=1e-5)


def test_ensembl_ids_are_shown_as_symbols() -> None:
    var = pd.DataFrame(index=["ENSG00000010610.10", "ENSG00000198851", "ENSG99999999999", "LYZ"])
    adata = ad.AnnData(np.ones((2, 4)), var=var)
    assert log_expression(adata)[1].tolist() == ["CD4", "CD3E", "ENSG99999999999", "LYZ"]
    markers = marker_sets(["T cell"], ["CD4", "CD3E"], {"T cell": ["ENSG00000010610", "CD3E"]})
    assert markers == {"T cell": ["CD4", "CD3E"]}
