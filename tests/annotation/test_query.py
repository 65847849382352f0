"""A query restricted to the genes of a model, compared with indexing of the whole matrix."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spatialcore.annotation.query import match_features, open_query, read_rows, read_some
from spatialcore.core.compressed import view_rows
from spatialcore.errors import GeneOverlapError

GENES = ["CD3D", "MS4A1", "NKG7", "EPCAM"]


def match(names: list[str], genes: list[str] = GENES, **var: list[str]) -> Any:
    return match_features(genes, names, pd.DataFrame(var, index=names))


def test_a_query_with_the_genes_in_order_is_read_whole() -> None:
    genes = match(GENES)
    assert genes.complete
    assert genes.fold is None
    assert genes.columns.tolist() == genes.model.tolist() == [0, 1, 2, 3]


def test_genes_in_another_order_and_missing_ones() -> None:
    genes = match(["NKG7", "ACTB", "CD3D"])
    assert genes.model.tolist() == [0, 2]
    assert genes.columns.tolist() == [0, 2]
    assert genes.fold.toarray().tolist() == [[0, 1], [1, 0]]  # NKG7 is the second gene, CD3D the first
    assert not genes.complete
    assert genes.n_features == 3


def test_features_of_one_gene_are_added_up() -> None:
    genes = match(["CD3D", "MS4A1", "CD3D"])
    assert genes.columns.tolist() == [0, 1, 2]
    assert genes.fold.toarray().tolist() == [[1, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize("column", [None, "feature_name"])
def test_ensembl_ids_are_matched_to_symbols(column: str | None) -> None:
    ids = ["ENSG00000167286", "ENSG00000156738.12"]  # CD3D, and MS4A1 with a version
    genes = match(ids, **({column: ["CD3D", "MS4A1"]} if column else {}))
    assert genes.model.tolist() == [0, 1]


def test_no_gene_in_common() -> None:
    genes = match(["X1", "X2"])
    assert genes.model.size == genes.columns.size == 0


KINDS = [np.asarray, sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("columns", [[0, 2, 5], list(range(8))])
def test_rows_of_every_storage(kind: Any, columns: list[int], rng: np.random.Generator) -> None:
    table = rng.poisson(0.7, (20, 8)).astype(np.float32)
    at = np.array(columns)
    part = read_rows(kind(table), 4, 11, at)
    assert part.format == "csr"
    np.testing.assert_array_equal(part.toarray(), table[4:11][:, at])
    rows = np.array([1, 5, 19])
    np.testing.assert_array_equal(read_some(kind(table), rows, at).toarray(), table[rows][:, at])


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, "dask"])
def test_stored_zeros_are_not_read(kind: Any) -> None:
    stored = sparse.csr_matrix((np.array([0.0, 2.0, 0.0]), np.array([0, 1, 2]), np.array([0, 2, 3])), shape=(2, 3))
    matrix = pytest.importorskip("dask.array").from_array(stored) if kind == "dask" else kind(stored)
    assert read_rows(matrix, 0, 2, np.arange(3)).nnz == 1
    assert read_some(matrix, np.array([0, 1]), np.arange(3)).nnz == 1
    assert stored.nnz == 3  # the user's matrix is unchanged


def test_dask_and_a_view_of_rows(rng: np.random.Generator) -> None:
    da = pytest.importorskip("dask.array")
    table = rng.poisson(0.7, (20, 8)).astype(np.float32)
    lazy, at = da.from_array(table, chunks=(6, 8)), np.array([1, 6])
    np.testing.assert_array_equal(read_rows(lazy, 3, 15, at).toarray(), table[3:15][:, at])
    np.testing.assert_array_equal(read_some(lazy, np.array([0, 9]), at).toarray(), table[[0, 9]][:, at])
    full = sparse.csr_matrix(table)
    view = view_rows(full, 3, 9)
    np.testing.assert_array_equal(view.toarray(), table[3:9])
    assert np.shares_memory(view.data, full.data)


def query(**layers: Any) -> ad.AnnData:
    counts = np.random.default_rng(0).poisson(2, (30, 4)).astype(np.float32)
    return ad.AnnData(sparse.csr_matrix(counts), var=pd.DataFrame(index=GENES[::-1]), **layers)


def test_blocks_cover_all_cells_and_counts_are_in_the_models_order() -> None:
    adata = query()
    opened = open_query(adata, GENES)
    assert (opened.kind, opened.source, opened.n_obs) == ("counts", "X", 30)
    assert list(opened.spans(12)) == [(0, 12), (12, 24), (24, 30)]
    assert [row for first, last in opened.spans() for row in range(first, last)] == list(range(30))
    stored = sparse.vstack([opened.stored(*span) for span in opened.spans(7)])
    np.testing.assert_array_equal(stored.toarray(), adata.X.toarray())
    rows = np.array([2, 17])
    np.testing.assert_array_equal(opened.counts(rows).toarray(), adata[rows, GENES].X.toarray())


def test_counts_are_recovered_from_logarithms() -> None:
    adata = query()
    adata.X[:, 0] = 1  # each cell has one count of a gene
    counts = adata.X.toarray()
    adata.X = sparse.csr_matrix(np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4).astype(np.float32))
    opened = open_query(adata, GENES)
    assert opened.kind in ("recoverable", "log1p")
    np.testing.assert_allclose(opened.counts(np.arange(30)).toarray(), counts[:, ::-1], rtol=1e-3)


def test_a_zarr_store_is_read_on_demand(tmp_path: Path) -> None:
    adata = query()
    adata.write_h5ad(tmp_path / "q.h5ad")
    backed = ad.read_h5ad(tmp_path / "q.h5ad", backed="r")
    opened = open_query(backed, GENES)
    np.testing.assert_array_equal(opened.stored(5, 9).toarray(), adata.X[5:9].toarray())
    backed.file.close()


def test_too_few_shared_genes() -> None:
    with pytest.raises(GeneOverlapError, match="No shared genes found between the query"):
        open_query(query(), ["X1", "X2"])
    with pytest.raises(GeneOverlapError, match=r"the query has 1 of the model's 3 genes"):
        open_query(query(), ["CD3D", "X1", "X2"], min_gene_overlap_pct=90)


@pytest.mark.parametrize("dtype", [np.float16, bool, np.uint8, np.longdouble, ">f4", ">i4", object])
def test_dense_counts_of_any_type(dtype: Any) -> None:
    table = np.random.default_rng(0).poisson(1, (20, 5)).astype(dtype)
    at = np.array([0, 2, 4])
    for block in (read_rows(table, 3, 15, at), read_some(table, np.arange(3, 15), at)):
        np.testing.assert_array_equal(block.toarray().astype(float), table[3:15][:, at].astype(float))
