"""Scores equal those of CellTypist for every kind of matrix."""

from pathlib import Path

import celltypist
import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.model.linear import Standardized
from spatialcore.core.normalization import log1p_normalize


def stock(adata: AnnData, path: Path) -> celltypist.classifier.AnnotationResult:
    return celltypist.annotate(adata.copy(), model=str(path))


@pytest.fixture
def logged(simulated: tuple[AnnData, AnnData, np.ndarray]) -> AnnData:
    counts = sparse.csr_matrix(simulated[1].X)
    return AnnData(log1p_normalize(counts, 1e4), simulated[1].obs.copy(), simulated[1].var.copy())


def test_scores_and_labels_equal_stock_celltypist(logged: AnnData, recipe: Path) -> None:
    expected = stock(logged, recipe)
    ours = annotate_celltypist(logged, custom_model_path=recipe, min_confidence=0, confidence_transform="raw")
    difference = np.abs(ours.obsm[columns.DECISION_SCORES] - expected.decision_matrix.to_numpy())
    assert difference.max() < 1e-8
    assert (ours.obs[columns.PREDICTED].astype(str) == expected.predicted_labels["predicted_labels"].astype(str)).all()
    best = expected.probability_matrix.to_numpy().max(axis=1)
    np.testing.assert_allclose(ours.obs[columns.CONFIDENCE_RAW], best, atol=1e-9)


@pytest.mark.parametrize(
    "form", [sparse.csc_matrix, lambda X: X.toarray(), lambda X: X.astype(np.float64), sparse.csr_array]
)
def test_every_form_of_matrix_gives_the_same_scores(logged: AnnData, recipe: Path, form: object) -> None:
    plain = annotate_celltypist(logged, custom_model_path=recipe, copy=True).obsm[columns.DECISION_SCORES]
    other = AnnData(form(logged.X), logged.obs.copy(), logged.var.copy())
    result = annotate_celltypist(other, custom_model_path=recipe, batch_size=77)
    np.testing.assert_allclose(result.obsm[columns.DECISION_SCORES], plain, atol=1e-8)


def test_genes_missing_from_the_query_count_as_stock_celltypist_counts_them(logged: AnnData, recipe: Path) -> None:
    counts = sparse.csr_matrix((np.expm1(logged.X.data), logged.X.indices, logged.X.indptr), logged.shape)[:, 5:60]
    part = AnnData(log1p_normalize(counts, 1e4), logged.obs.copy(), logged.var.iloc[5:60].copy())
    expected = stock(part, recipe)
    ours = annotate_celltypist(part, custom_model_path=recipe, min_confidence=0)
    np.testing.assert_allclose(ours.obsm[columns.DECISION_SCORES], expected.decision_matrix.to_numpy(), atol=1e-8)


def test_genes_of_the_query_outside_the_model_are_left_out_and_the_rest_brought_to_scale(
    simulated: tuple[AnnData, AnnData, np.ndarray], recipe: Path
) -> None:
    counts = sparse.csr_matrix(simulated[1].X)
    extra = sparse.hstack([counts, counts[:, :3] * 7], format="csr")
    var = simulated[1].var.copy()
    wide = AnnData(extra, simulated[1].obs.copy(), var.reindex([*var.index, "X1", "X2", "X3"]))
    narrow = annotate_celltypist(simulated[1], custom_model_path=recipe, copy=True)
    result = annotate_celltypist(wide, custom_model_path=recipe)
    np.testing.assert_allclose(result.obsm[columns.DECISION_SCORES], narrow.obsm[columns.DECISION_SCORES], atol=1e-5)


def test_the_cap_binds_where_a_value_is_beyond_ten_deviations(rng: np.random.Generator) -> None:
    model = Standardized(rng.normal(size=(4, 6)), rng.normal(size=4), rng.random(6), np.full(6, 0.05))
    X = sparse.random_array((50, 6), density=0.5, rng=rng).tocsr() * 8
    scaled = np.minimum((X.toarray() - model.mean) / model.scale, 10)
    expected = scaled @ model.coef.T + model.intercept
    assert (scaled == 10).sum() > 20
    np.testing.assert_allclose(model.on_genes().scores(sparse.csr_matrix(X)), expected, atol=1e-9)


def test_two_classes_give_mirrored_columns(rng: np.random.Generator) -> None:
    model = Standardized(rng.normal(size=(1, 3)), np.array([0.5]), np.zeros(3), np.ones(3))
    scores = model.on_genes().scores(sparse.csr_matrix(np.eye(3)))
    np.testing.assert_allclose(scores[:, 0], -scores[:, 1])
    np.testing.assert_allclose(scores[:, 1], model.coef[0] + 0.5)
