"""The `Matrix` interface for all storages, compared with scipy; also tests core/blocks and core/compressed."""

from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pytest
import scipy.sparse as sp
import zarr
from anndata.io import write_elem

from spatialcore.core import blocks
from spatialcore.core.matrix import is_on_disk, open_matrix, totals
from spatialcore.errors import InputError

KINDS = ("csr", "csc", "dense")
STORES = ("memory", "h5", "h5-gzip", "h5-lzf", "zarr")


@pytest.fixture(scope="module")
def expected_matrix() -> np.ndarray:
    rng = np.random.default_rng(3)
    values = rng.poisson(0.4, (157, 61)).astype(np.float32)
    values[:, 7] = 0
    values[11] = 0
    return values


def stored(expected_matrix: np.ndarray, kind: str, store: str, folder: Path) -> Any:
    element = {"csr": sp.csr_matrix, "csc": sp.csc_matrix, "dense": np.asarray}[kind](expected_matrix)
    if store == "memory":
        return element
    if store == "zarr":
        group = zarr.open_group(folder / "m.zarr", mode="w")
        write_elem(group, "m", element)
        return group["m"]
    file = h5py.File(folder / "m.h5", "w")
    options = {} if store == "h5" else {"compression": store[3:]}
    write_elem(file, "m", element, dataset_kwargs=options)
    return file["m"]


@pytest.fixture(params=[(kind, store) for kind in KINDS for store in STORES], ids="-".join)
def source(request: pytest.FixtureRequest, expected_matrix: np.ndarray, tmp_path: Path) -> Any:
    return stored(expected_matrix, *request.param, tmp_path)


@pytest.mark.parametrize("block", [7, 2_000_000])
def test_take_equals_indexing(
    source: Any, expected_matrix: np.ndarray, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_VALUES", block)
    rows = np.array([0, 1, 2, 11, 12, 40, 41, 100, 156])
    columns = np.array([60, 3, 7, 8, 0])
    matrix = open_matrix(source)
    assert matrix.shape == expected_matrix.shape
    for selected in (rows, rows[:0], np.arange(157)):
        result = matrix.take(selected, columns)
        assert result.dtype == np.float32
        assert result.format == "csr"
        assert result.has_canonical_format
        np.testing.assert_array_equal(result.toarray(), expected_matrix[selected][:, columns])
        np.testing.assert_array_equal(matrix.take(selected).toarray(), expected_matrix[selected])
    assert (matrix.take(rows).data != 0).all()


def test_row_sums_and_floors(source: Any, expected_matrix: np.ndarray) -> None:
    rows = np.array([0, 5, 11, 12, 156])
    matrix = open_matrix(source)
    np.testing.assert_allclose(
        matrix.row_sums(rows, np.expm1), np.expm1(expected_matrix[rows].astype(float)).sum(axis=1)
    )
    expected = [np.nan if not row.any() else row[row > 0].min() for row in expected_matrix[rows]]
    np.testing.assert_array_equal(matrix.row_floor(rows), expected)


def test_sampled_values(source: Any, expected_matrix: np.ndarray) -> None:
    drawn = open_matrix(source).sample_values(300, np.random.default_rng(0))
    assert 0 < len(drawn) <= 300
    assert set(np.unique(drawn)) <= set(np.unique(expected_matrix[expected_matrix > 0]))
    repeated = open_matrix(source).sample_values(300, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn, repeated)


def test_backed_anndata(expected_matrix: np.ndarray, tmp_path: Path) -> None:
    ad.AnnData(sp.csr_matrix(expected_matrix)).write_h5ad(tmp_path / "a.h5ad")
    backed = ad.read_h5ad(tmp_path / "a.h5ad", backed="r")
    np.testing.assert_array_equal(open_matrix(backed.X).take(np.arange(9)).toarray(), expected_matrix[:9])


def test_totals_in_memory_and_on_disk(
    expected_matrix: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spatialcore.core.matrix.PART_ROWS", 7)
    monkeypatch.setattr("spatialcore.core.matrix.PART_PLACES", 3 * expected_matrix.shape[1])
    ad.AnnData(sp.csr_matrix(expected_matrix)).write_h5ad(tmp_path / "a.h5ad")
    stored = ad.read_h5ad(tmp_path / "a.h5ad", backed="r").X
    assert is_on_disk(stored)
    for source in (sp.csr_matrix(expected_matrix), expected_matrix, stored):
        per_row, per_column = totals(source)
        np.testing.assert_allclose(per_row, expected_matrix.sum(axis=1), rtol=1e-6)
        np.testing.assert_allclose(per_column, expected_matrix.sum(axis=0), rtol=1e-6)


def test_all_stored_values_in_blocks(expected_matrix: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_VALUES", 7)
    stored = sp.csr_matrix(expected_matrix)
    parts = list(open_matrix(stored).values())
    assert max(map(len, parts)) == 7
    np.testing.assert_array_equal(np.concatenate(parts), stored.data)


def test_explicit_zeros() -> None:
    X = sp.csr_matrix((np.array([0.0, 2.0]), np.array([0, 1]), np.array([0, 2])), shape=(1, 3))
    assert open_matrix(X).take(np.array([0])).nnz == 1
    assert open_matrix(X.tocsc()).take(np.array([0])).nnz == 1


@pytest.mark.parametrize("value", ["text", np.arange(3), {"a": 1}, None])
def test_objects_that_are_not_matrices(value: Any) -> None:
    with pytest.raises(InputError, match="expected a matrix"):
        open_matrix(value)


@pytest.mark.parametrize("part", ["indptr", "indices", "data"])
def test_truncated_sparse_arrays(expected_matrix: np.ndarray, part: str, tmp_path: Path) -> None:
    group = stored(expected_matrix, "csr", "h5", tmp_path)
    values = group[part][:-3]
    del group[part]
    group[part] = values
    with pytest.raises(InputError, match="damaged sparse matrix"):
        open_matrix(group)


@pytest.mark.parametrize("kind", ["csr", "csc"])
def test_index_out_of_bounds(expected_matrix: np.ndarray, kind: str, tmp_path: Path) -> None:
    group = stored(expected_matrix, kind, "h5", tmp_path)
    group["indices"][5] = 10_000
    with pytest.raises(InputError, match="index 10000"):
        open_matrix(group).take(np.arange(157), np.arange(61))
