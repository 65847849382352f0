"""Matrices and features by name; rows of dask arrays."""

from typing import Any

import anndata as ad
import pytest

from spatialcore.annotation.expression.data import InMemory, is_dask, var_of
from spatialcore.annotation.expression.find import find_expression
from spatialcore.errors import InputError
from tests.annotation.reference_data import make_reference


def test_raw_may_have_more_features_than_x() -> None:
    adata = make_reference()
    adata.raw = adata
    part = adata[:, :5].copy()
    assert len(var_of(part, "raw.X")) == 30
    assert len(var_of(part, "X")) == 5


def test_rows_of_a_dask_array_are_read() -> None:
    da = pytest.importorskip("dask.array")
    adata = make_reference()
    lazy: Any = da.from_array(adata.X.toarray(), chunks=(40, 30))
    assert is_dask(lazy)
    assert not is_dask(adata.X)
    assert find_expression(InMemory(ad.AnnData(lazy, var=adata.var))).kind == "counts"


def test_raw_beside_dask_arrays_is_read() -> None:
    da = pytest.importorskip("dask.array")
    adata = make_reference()
    adata.raw = adata.copy()
    adata.X = da.from_array(adata.X.toarray() - 1.5, chunks=(50, -1))
    assert find_expression(InMemory(adata)).source == "raw.X"


def test_matrices_of_objects() -> None:
    adata = make_reference()
    adata.layers["counts"] = adata.X.toarray().astype(object)
    assert find_expression(InMemory(adata)).source == "layers/counts"
    adata.layers["counts"][0, 0] = "text"
    with pytest.raises(InputError, match="values that are not numbers"):
        find_expression(InMemory(adata))
