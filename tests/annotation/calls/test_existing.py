"""User content under names of this package is moved; content that this package wrote is replaced."""

import logging
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.calls.existing import keep_existing
from tests.cells import cells_with


def test_every_column_of_obs_that_is_written_is_moved() -> None:
    names = [*columns.CALL_COLUMNS, f"{columns.TAXONOMY}subclass"]
    adata: AnnData = cells_with(**{name: [name, "mine"] for name in names}, donor=["d1", "d2"])
    moved = keep_existing(adata)
    assert moved == [f"{name}_before" for name in names]
    assert list(adata.obs) == [*moved, "donor"]
    assert all(adata.obs[f"{name}_before"].tolist() == [name, "mine"] for name in names)


def test_a_second_suffix_is_numbered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    adata: AnnData = cells_with(cell_type=["mine"], cell_type_before=["older"])
    with caplog.at_level(logging.WARNING):
        assert keep_existing(adata) == ["cell_type_before_2"]
    assert adata.obs["cell_type_before_2"].tolist() == ["mine"]
    assert adata.obs["cell_type_before"].tolist() == ["older"]
    assert "'cell_type'" in caplog.text


def test_colors_follow_their_column() -> None:
    adata: AnnData = cells_with(cell_type=pd.Categorical(["a", "b"]))
    adata.uns["cell_type_colors"] = ["#ff0000", "#00ff00"]
    adata.uns["louvain_colors"] = ["#0000ff"]
    keep_existing(adata)
    assert adata.uns == {"cell_type_before_colors": ["#ff0000", "#00ff00"], "louvain_colors": ["#0000ff"]}


@pytest.mark.parametrize("value", ["notes", 7, np.arange(3), {"author": "someone"}, ["a"]])
@pytest.mark.parametrize("key", [columns.MANIFEST, columns.LINEAR_MODEL])
def test_user_entries_of_uns_are_moved(key: str, value: Any) -> None:
    adata: AnnData = cells_with(x=[1])
    adata.uns[key] = value
    assert keep_existing(adata) == [f"{key}_before"]
    assert key not in adata.uns
    np.testing.assert_equal(adata.uns[f"{key}_before"], value)


@pytest.mark.parametrize("key", [columns.DECISION_SCORES, columns.PATH_CONFIDENCE])
def test_user_arrays_of_obsm_are_moved(key: str) -> None:
    adata: AnnData = cells_with(x=[1, 2])
    adata.obsm[key] = np.ones((2, 4))
    assert keep_existing(adata) == [f"{key}_before"]
    assert list(adata.obsm) == [f"{key}_before"]


def test_results_of_this_package_are_not_moved() -> None:
    adata: AnnData = cells_with(cell_type=["B cell"])
    adata.uns[columns.MANIFEST] = {"model_sha256": "0" * 64}
    assert keep_existing(adata) == []
    assert list(adata.obs) == ["cell_type"]


@pytest.mark.parametrize("annotated", [False, True])
def test_other_values_than_coordinates_are_moved(annotated: bool, caplog: pytest.LogCaptureFixture) -> None:
    adata: AnnData = cells_with(x=[1, 2])
    adata.obsm["spatial"] = np.ones((2, 1))
    if annotated:
        adata.uns[columns.MANIFEST] = {"model_sha256": "0" * 64}
    assert keep_existing(adata) == ["spatial_before"]
    assert list(adata.obsm) == ["spatial_before"]
    assert "obsm['spatial']" in caplog.text
    adata.obsm["spatial"] = np.ones((2, 2))
    assert keep_existing(adata) == []
