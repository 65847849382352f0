"""The weights of reference cells, and how often each is measured."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.training.fitting import TargetPlatform, fit_models, query_class_profiles, simulated_rows
from spatialcore.annotation.training.platform import Platform, class_profiles, estimate_platform
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.core.normalization import log1p_normalize
from tests.annotation.conftest import as_adata, simulate
from tests.annotation.training.test_train import accuracy


def test_cells_of_small_classes_are_measured_more_often(rng: np.random.Generator) -> None:
    codes = np.repeat([0, 1, 2], [3, 10, 200])
    looks = np.bincount(simulated_rows(codes, rng), minlength=len(codes))
    assert [looks[codes == k].sum() for k in range(3)] == [60, 100, 400]
    assert looks.min() >= 2


@pytest.mark.parametrize(("types", "genes"), [(100, 150), (3, 5_000)])
def test_classes_of_ten_cells_are_distinguished(
    types: int, genes: int, rng: np.random.Generator, tmp_path: Path
) -> None:
    counts_of_query, truth, profiles = simulate(150, types, genes, 300, rng)
    types_of_cells = np.repeat(np.arange(types), 10)
    reference = as_adata(
        sparse.csr_matrix(rng.multinomial(1_000, profiles[types_of_cells]).astype(np.float32)), types_of_cells
    )
    query = as_adata(counts_of_query, truth, logged=False)
    path = tmp_path / "model.pkl"
    assert len(train_celltypist_model(reference, output_path=path, trainer="logistic", query=query)["classes"]) == types
    called = annotate_celltypist(query, custom_model_path=path, confidence_transform="calibrated")
    assert accuracy(called, np.array([f"type {kind}" for kind in truth])) > 0.9


def test_query_class_profiles_are_the_means_of_the_called_cells() -> None:
    rng = np.random.default_rng(4)
    counts, codes, profiles = simulate(600, 3, 50, 1500, rng)
    counts_of_query, truth, _ = simulate(900, 3, 50, 200, rng, profiles)
    depths = np.asarray(counts_of_query.sum(axis=1), dtype=float).ravel()
    target = TargetPlatform(platform=Platform(depths, np.ones(50), 0.0, np.full(50, 1 / 50)))
    models = fit_models(counts, codes, 3, target, rng)
    query_profiles = query_class_profiles(models, counts_of_query)
    np.testing.assert_allclose(query_profiles.sum(axis=1), 1)
    shares = counts_of_query.toarray() / depths[:, None]
    means = np.array([shares[truth == k].mean(axis=0) for k in range(3)])
    np.testing.assert_allclose(query_profiles, 0.98 * means + 0.02 * shares.mean(axis=0), atol=0.005)


def test_profiles_of_the_query_correct_a_reference_of_another_study() -> None:
    """The types of the query differ from the reference; training with the query's class means reduces wrong calls."""
    rng = np.random.default_rng(8)
    similar = 0.8 * rng.dirichlet(np.full(60, 0.5)) + 0.2 * rng.dirichlet(np.full(60, 0.5), 8)
    counts, codes, profiles = simulate(800, 8, 60, 1500, rng, similar)
    other = profiles * rng.lognormal(0, 0.4, profiles.shape)
    other /= other.sum(axis=1, keepdims=True)
    counts_of_query, truth, _ = simulate(2000, 8, 60, 100, rng, other)
    target = TargetPlatform(platform=estimate_platform(class_profiles(counts, codes, 8), counts_of_query))
    plain = fit_models(counts, codes, 8, target, np.random.default_rng(0))
    refreshed = fit_models(
        counts, codes, 8, target, np.random.default_rng(0), plain, query_class_profiles(plain, counts_of_query)
    )
    scored = log1p_normalize(counts_of_query, plain.target_sum)
    right = [(one.primary.on_genes().scores(scored).argmax(axis=1) == truth).mean() for one in (plain, refreshed)]
    assert 0.4 < right[0] < 0.95
    assert right[1] > right[0] + 0.01
