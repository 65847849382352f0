"""Purified counts: sums are conserved, no cell becomes empty, and cells are closer to their expression."""

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.spillover.purified import decontaminate
from spatialcore.errors import InputError
from tests.annotation.spillover.conftest import GENES_EACH, Example


def purified(example: Example, adata: AnnData | None = None, **settings: object) -> AnnData:
    return decontaminate(example.section if adata is None else adata, example.path, copy=True, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("integers", [False, True])
def test_sums_of_genes_are_conserved_and_no_cell_is_empty(spilled: Example, integers: bool) -> None:
    result = purified(spilled, integers=integers).layers["purified"]
    before, after = (np.asarray(X.sum(axis=0, dtype=np.float64)).ravel() for X in (spilled.section.X, result))
    np.testing.assert_allclose(after, before, rtol=1e-5)
    assert np.asarray(result.sum(axis=1)).min() > 0
    assert result.data.min() > 0
    if integers:
        assert (result.data == np.rint(result.data)).all()


@pytest.mark.parametrize("integers", [False, True])
def test_cells_are_closer_to_their_expression(spilled: Example, integers: bool) -> None:
    result = purified(spilled, integers=integers).layers["purified"]
    expressed = spilled.section.layers["expressed"]
    assert abs(result - expressed).sum() < 0.97 * abs(spilled.section.X - expressed).sum()


def test_markers_of_neighbours_decrease_and_markers_of_the_type_increase(spilled: Example) -> None:
    adata = purified(spilled)
    codes = adata.obs["true_cell_type"].astype(str).str[-1].astype(int).to_numpy()
    is_own_gene = np.arange(adata.n_vars)[None] // GENES_EACH == codes[:, None]
    before, after = (np.asarray(X.multiply(is_own_gene).sum() / X.sum()) for X in (adata.X, adata.layers["purified"]))
    assert after > before + 0.05


def test_a_clean_section_is_unchanged(clean: Example) -> None:
    result = purified(clean)
    assert (result.layers["purified"] != clean.section.X).nnz == 0


@pytest.mark.parametrize("integers", [False, True])
def test_counts_stay_within_their_field_of_view(spilled: Example, integers: bool) -> None:
    adata = spilled.section.copy()
    left = adata.obsm["spatial"][:, 0] < np.median(adata.obsm["spatial"][:, 0])
    adata.obs["fov"] = np.where(left, "1", "2")
    result = purified(spilled, adata, integers=integers).layers["purified"]
    assert (result != adata.X).nnz > 0
    for cells in (left, ~left):
        before, after = (np.asarray(X[cells].sum(axis=0, dtype=np.float64)).ravel() for X in (adata.X, result))
        np.testing.assert_allclose(after, before, rtol=1e-5)


@pytest.mark.parametrize(
    "kind", [sparse.csc_matrix, sparse.csr_array, lambda X: X.toarray(), lambda X: X.astype(np.uint16)]
)
def test_the_kind_of_the_matrix_makes_no_difference(spilled: Example, kind: Callable[[object], object]) -> None:
    adata = spilled.section.copy()
    adata.X = kind(adata.X)
    one, other = (purified(spilled, each, integers=True).layers["purified"] for each in (spilled.section, adata))
    assert (one != other).nnz == 0


def test_empty_cells_stay_empty_and_depth_is_a_coordinate(spilled: Example) -> None:
    adata = spilled.section.copy()
    counts = adata.X.tolil()
    counts[[5, 17]] = 0
    adata.X = counts.tocsr()
    places = adata.obsm["spatial"]
    adata.obsm["spatial"] = np.column_stack([places, np.random.default_rng(0).uniform(0, 5, len(places))])
    totals = np.asarray(purified(spilled, adata, integers=True).layers["purified"].sum(axis=1)).ravel()
    assert np.flatnonzero(totals == 0).tolist() == [5, 17]
    assert totals.sum() == adata.X.sum()


def test_the_seed_determines_the_draw(spilled: Example) -> None:
    one, same, other = (purified(spilled, integers=True, random_state=seed).layers["purified"] for seed in (1, 1, 2))
    assert (one != same).nnz == 0
    assert (one != other).nnz > 0


def test_features_outside_the_model_are_unchanged(spilled: Example) -> None:
    adata = spilled.section.copy()
    controls = AnnData(sparse.csr_matrix(np.full((adata.n_obs, 1), 3.0, np.float32)), obs=adata.obs[[]])
    controls.var_names = ["NegControlProbe_1"]
    import anndata

    wide = anndata.concat([controls, adata], axis=1, merge="first")
    wide.obsm["spatial"] = adata.obsm["spatial"]
    result = purified(spilled, wide).layers["purified"]
    assert (result[:, [0]].toarray() == 3).all()
    np.testing.assert_allclose(result[:, 1:].toarray(), purified(spilled).layers["purified"].toarray(), atol=1e-4)


def test_the_model_of_annotated_data_is_the_default(spilled: Example) -> None:
    adata = annotate_celltypist(spilled.section, custom_model_path=spilled.path, copy=True)
    assert "purified" in decontaminate(adata).layers
    with pytest.raises(InputError, match="no record of the model that annotated them"):
        decontaminate(spilled.section.copy())


def test_data_without_counts_or_coordinates_are_refused(spilled: Example) -> None:
    adata = spilled.section.copy()
    del adata.obsm["spatial"]
    with pytest.raises(InputError, match="no coordinates"):
        purified(spilled, adata)
    logs = spilled.section.copy()
    logs.X = np.log1p(logs.X.toarray() / logs.X.toarray().sum(axis=1, keepdims=True) * 1e4)
    logs.layers.clear()
    with pytest.raises(InputError, match="have no counts"):
        purified(spilled, logs)
