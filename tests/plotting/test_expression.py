"""Expression for figures: normalization, control features, means per type."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from spatialcore.errors import InputError
from spatialcore.plotting.expression import group_fractions, group_means, log_expression
from spatialcore.plotting.groups import Groups


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
