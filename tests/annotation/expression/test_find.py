"""Which matrix of a query or reference is read, and which data are refused."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse

from spatialcore.annotation import combine_references, get_panel_genes, load_adata_backed
from spatialcore.annotation.expression.data import InMemory, matrix_of
from spatialcore.annotation.expression.errors import not_normalizable
from spatialcore.annotation.expression.find import find_counts, find_expression, measured_features
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.errors import InputError, NormalizationError
from tests.annotation.reference_data import GENES, Write, make_reference


def with_counts_in(source: str) -> ad.AnnData:
    """Return log1p(CPM) in X, and counts in one other matrix."""
    full = make_reference()
    adata = make_reference(state="log1p_cpm")
    if source == "raw.X":
        adata.raw = full
    elif source == "X":
        adata.X = full.X
    else:
        adata.layers[source.removeprefix("layers/")] = full.X
    return adata


@pytest.mark.parametrize("source", ["X", "raw.X", "layers/counts", "layers/raw_counts"])
def test_counts_are_found_in_every_matrix(source: str, write: Write) -> None:
    adata = with_counts_in(source)
    matrix, kind, name = find_counts(adata)
    assert (kind, name) == ("counts", source)
    np.testing.assert_array_equal(sparse.csr_matrix(matrix).toarray(), adata.uns["truth"])
    assert matrix is matrix_of(adata, source) or source == "raw.X"
    with AnnDataFile(write(adata)) as file:  # the same result on disk
        assert find_expression(file).source == source


def test_logarithms_without_counts() -> None:
    adata = make_reference(state="log1p_10k")
    expression = find_expression(InMemory(adata))
    assert (expression.source, expression.kind) == ("X", "log1p")
    assert find_expression(InMemory(make_reference(state="log1p_other"))).kind == "recoverable"


def unreadable() -> ad.AnnData:
    """Return z-scores."""
    values = np.random.default_rng(0).normal(0, 1, (60, 30)).astype(np.float32)
    return ad.AnnData(values, var=pd.DataFrame(index=[f"GENE{i}" for i in range(30)]))


def test_scaled_values_are_refused() -> None:
    with pytest.raises(NormalizationError, match="Cannot prepare data for CellTypist: no raw counts found"):
        find_expression(InMemory(unreadable()))
    with pytest.raises(NormalizationError, match=r"Cannot safely normalize data of ref\.h5ad"):
        find_expression(InMemory(unreadable()), "ref.h5ad")
    error = not_normalizable(InMemory(unreadable()).status(), "ref.h5ad")
    assert 'adata.layers["counts"]' in error.hint


def scaled(target_sum: float | None = 1e4, n_genes: int = 20) -> tuple[ad.AnnData, ad.AnnData]:
    """Return data as scanpy's tutorial makes them, z-scores of some genes beside logarithms of all, and the counts."""
    counts = make_reference()
    del counts.uns["truth"]
    logged = counts.copy()
    sc.pp.normalize_total(logged, target_sum=target_sum)
    sc.pp.log1p(logged)
    adata = logged[:, :n_genes].copy()
    adata.X = adata.X.toarray()
    adata.raw = logged
    sc.pp.scale(adata, max_value=10)
    return adata, counts


@pytest.mark.parametrize(("target_sum", "kind"), [(1e4, "log1p"), (None, "recoverable")])
def test_logarithms_in_raw_are_used_if_x_is_scaled(target_sum: float | None, kind: str, write: Write) -> None:
    adata, _ = scaled(target_sum)
    with AnnDataFile(write(adata)) as file:
        for data in (InMemory(adata), file):
            expression = find_expression(data)
            assert (expression.source, expression.kind, expression.replaces_x) == ("raw.X", kind, True)
            assert expression.status["x_state"] == "negative"
    assert list(measured_features(adata).index) == list(adata.raw.var_names) == get_panel_genes(adata)


def test_logarithms_in_raw_are_checked_cell_by_cell() -> None:
    adata, counts = scaled()
    logged = adata.raw.X.toarray()
    logged[:9] = counts.X.toarray()[:9]
    adata.raw = ad.AnnData(logged, var=adata.raw.var)
    with pytest.raises(NormalizationError, match=r"raw\.X has cells on different scales"):
        find_expression(InMemory(adata))


def test_raw_without_logarithms_is_not_used() -> None:
    adata, _ = scaled()
    adata.raw = ad.AnnData(adata.raw.X.toarray() - 1.0, var=adata.raw.var)
    with pytest.raises(NormalizationError, match="X is negative"):
        find_expression(InMemory(adata))
    assert list(measured_features(adata).index) == list(adata.var_names)


def test_logarithms_in_x_come_before_those_in_raw() -> None:
    adata = make_reference(state="log1p_10k")
    adata.raw = adata.copy()
    assert find_expression(InMemory(adata)).source == "X"


def test_a_scaled_reference_has_the_same_counts(write: Write) -> None:
    adata, counts = scaled(None)
    combined = combine_references([write(adata)], ["cell_type"], target_genes=GENES[10:])
    expected = combine_references([write(counts)], ["cell_type"], target_genes=GENES[10:])
    np.testing.assert_array_equal(combined.layers["counts"].toarray(), expected.layers["counts"].toarray())
    assert '"source": "raw.X", "kind": "recovered"' in combined.uns["spatialcore_references"].replace("{", "")
    assert load_adata_backed(write(adata), target_genes=GENES[25:]).X.toarray().max() > 0


def test_features_must_be_genes() -> None:
    adata = make_reference()
    adata.var_names = [f"NegControlProbe_{i:05d}" for i in range(30)]
    with pytest.raises(InputError, match="NegControlProbe_00000"):
        find_expression(InMemory(adata))


def test_cells_on_another_scale_are_counted() -> None:
    adata = make_reference()
    X = adata.X.toarray()
    X[7] *= 1.37
    adata.X = sparse.csr_matrix(X)
    with pytest.raises(NormalizationError, match="of 156 cells 1 with fractions"):
        find_expression(InMemory(adata), "a.h5ad")
