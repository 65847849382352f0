"""Explanations of calls: exact sums for every kind of expression, selection of cells, and errors."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation import annotate_celltypist, explain_calls
from spatialcore.annotation.explain.calls import INTERCEPT
from spatialcore.core.normalization import log1p_normalize
from spatialcore.errors import InputError

Simulated = tuple[AnnData, AnnData, np.ndarray]


@pytest.fixture
def query(simulated: Simulated) -> AnnData:
    return simulated[1].copy()


def leads(adata: AnnData) -> pd.Series:
    top = np.sort(adata.obsm[columns.DECISION_SCORES], axis=1)
    return pd.Series(top[:, -1] - top[:, -2], index=adata.obs_names)


def as_log(adata: AnnData) -> AnnData:
    adata.X = log1p_normalize(adata.X, 1e4)
    return adata


def with_a_gene_the_model_lacks(adata: AnnData) -> AnnData:
    more = AnnData(sparse.hstack([adata.X[:, 5:], adata.X[:, :1]], format="csr"), obs=adata.obs)
    more.var_names = [*adata.var_names[5:], "OTHER"]
    return more


@pytest.mark.parametrize("method", ["calibrated", "zscore"])
@pytest.mark.parametrize("change", [lambda adata: adata, as_log, with_a_gene_the_model_lacks])
def test_contributions_sum_to_the_lead_over_the_second_class(query, trained: Path, change, method) -> None:
    adata = change(query)
    annotate_celltypist(adata, custom_model_path=trained, confidence_transform=method)
    explained = explain_calls(adata, adata.obs_names)
    sums = explained.groupby("cell")["contribution"].sum().loc[adata.obs_names]
    np.testing.assert_allclose(sums, leads(adata), atol=1e-6)
    calls = explained.groupby("cell")["call"].first().loc[adata.obs_names]
    assert (calls == adata.obs[columns.PREDICTED].astype(str)).all()


def test_rows_of_a_cell(query: AnnData, trained: Path) -> None:
    annotate_celltypist(query, custom_model_path=trained, confidence_transform="calibrated")
    table = explain_calls(query, "cell7")
    assert len(table) == 81
    assert table["contribution"].is_monotonic_decreasing
    genes = table[table["gene"] != INTERCEPT]
    np.testing.assert_allclose(genes["weight"] * genes["standardized"], genes["contribution"])
    against = genes["role"].isin(["missing", "unexpected"])
    assert (genes.loc[against, "contribution"] <= 0).all()
    assert (genes.loc[genes["role"] == "expressed", "contribution"] > 0).all()


def test_names_mask_and_positions_choose_the_same_cells(query: AnnData, trained: Path) -> None:
    annotate_celltypist(query, custom_model_path=trained)
    by_name = explain_calls(query, ["cell9", "cell2"])
    assert by_name["cell"].unique().tolist() == ["cell9", "cell2"]
    pd.testing.assert_frame_equal(by_name, explain_calls(query, [9, 2]))
    mask = query.obs_names.isin(["cell9", "cell2"])
    assert explain_calls(query, mask)["cell"].unique().tolist() == ["cell2", "cell9"]


def test_cells_without_counts_have_no_rows(query: AnnData, trained: Path) -> None:
    counts = query.X.tolil()
    counts[3] = 0
    query.X = counts.tocsr()
    annotate_celltypist(query, custom_model_path=trained)
    assert explain_calls(query, [3, 4])["cell"].unique().tolist() == ["cell4"]
    assert explain_calls(query, [3]).empty


def test_errors(query: AnnData, trained: Path) -> None:
    with pytest.raises(InputError, match="have no calls"):
        explain_calls(query, "cell1")
    annotate_celltypist(query, custom_model_path=trained)
    with pytest.raises(InputError, match="obs_names has no nobody"):
        explain_calls(query, ["nobody"])
    with pytest.raises(InputError, match="outside"):
        explain_calls(query, [10_000])
    with pytest.raises(InputError, match="mask has 2"):
        explain_calls(query, [True, False])
    query.X = query.X[:, ::-1]
    with pytest.raises(InputError, match="has changed"):
        explain_calls(query, "cell1")
