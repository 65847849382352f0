"""Queries with mainly one class."""

from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.training.fitting import FittedModels, fit_models
from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.estimate import Platform
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.prevailing import (
    FLOOR,
    STRENGTH,
    Prevailing,
    Thinned,
    find_prevailing,
    may_prevail,
    thinned_weight,
)
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.core.normalization import log1p_normalize

GENES, CLASSES = 60, 4
BALANCED, ONE = [0.25] * 4, [0.91, 0.03, 0.03, 0.03]


def cells(codes: np.ndarray, depth: float, rng: np.random.Generator) -> sparse.csr_matrix:
    shares = np.random.default_rng(5).dirichlet(np.full(GENES, 2.0), CLASSES)
    return sparse.csr_matrix(rng.poisson(shares[codes] * depth).astype(np.float32))


@pytest.fixture(scope="module")
def models() -> FittedModels:
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(CLASSES), 150)
    platform = Platform(np.full(100, 30.0), np.ones(GENES), 0.0, np.full(GENES, 1 / GENES))
    reference = LabelledCounts.of(cells(codes, 800, rng), codes, CLASSES)
    return fit_models(reference, TargetPlatform(platform=platform), rng)


def test_a_query_of_several_classes_is_unchanged(models: FittedModels) -> None:
    rng = np.random.default_rng(2)
    for composition in (BALANCED, [0.5, 0.3, 0.1, 0.1]):
        shares = models.class_shares(cells(rng.choice(CLASSES, 2000, p=composition), 30, rng), 1.0)
        np.testing.assert_allclose(shares, composition, atol=0.12)
        assert find_prevailing(shares, 1.0) is None
        assert thinned_weight(shares) == 0


def test_shares_of_a_query_of_one_class_are_weighted(models: FittedModels) -> None:
    rng = np.random.default_rng(3)
    query = cells(rng.choice(CLASSES, 2000, p=ONE), 30, rng)
    shares = models.class_shares(sparse.vstack([query, sparse.csr_matrix((5, GENES))], format="csr"), 0.5)
    assert may_prevail(shares)
    assert thinned_weight(shares) == 1
    prevailing = find_prevailing(shares, 0.5)
    assert prevailing is not None
    assert prevailing.strength == STRENGTH
    np.testing.assert_allclose(prevailing.shares, ONE, atol=0.1)
    np.testing.assert_allclose(prevailing.score, 0.5 * STRENGTH * np.log(prevailing.shares + FLOOR))
    added = prevailing.added_to(models.primary)
    np.testing.assert_allclose(added.intercept - models.primary.intercept, prevailing.score)


def test_a_class_whose_cells_are_dealt_out_to_siblings_may_prevail() -> None:
    assert may_prevail(np.array([0.48, 0.16, 0.14, 0.12, 0.1]))  # 80 % glutamatergic neurons by 16 genes
    assert not may_prevail(np.array([0.35, 0.25, 0.2, 0.1, 0.1]))


def test_the_thinned_model_is_averaged_in_scores(models: FittedModels) -> None:
    rng = np.random.default_rng(9)
    values = log1p_normalize(cells(np.repeat(np.arange(CLASSES), 10), 20, rng), models.target_sum)
    other = Standardized(
        rng.normal(size=(CLASSES, GENES)), rng.normal(size=CLASSES), rng.random(GENES), 1 + rng.random(GENES)
    )
    blended = Thinned(other, 0.25).blended_with(models.primary)
    first, second, both = (model.on_genes().scores(values) for model in (models.primary, other, blended))
    np.testing.assert_allclose(both, 0.75 * first + 0.25 * second)


def test_the_profiles_of_the_reference_vote_with_half_the_weight_of_the_thinned_model(rng: np.random.Generator) -> None:
    matched, reference = rng.dirichlet(np.ones(GENES), (2, CLASSES))
    other = Standardized(np.zeros((CLASSES, GENES)), np.zeros(CLASSES), np.zeros(GENES), np.ones(GENES))
    blended = Thinned(other, 0.5).blended_profiles(matched, reference)
    expected = matched**0.75 * reference**0.25
    np.testing.assert_allclose(blended, expected / expected.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(Thinned(other, 0.0).blended_profiles(matched, reference), matched)


def test_the_calibration_partly_weights_classes_by_their_shares() -> None:
    prevailing = Prevailing(np.array([0.8, 0.1, 0.1]), 0.5, 1.0)
    np.testing.assert_allclose(prevailing.class_weights(np.ones(3)), [1.7, 0.65, 0.65])


def test_two_classes_and_no_counts_are_unchanged(models: FittedModels) -> None:
    assert models.class_shares(sparse.csr_matrix((10, GENES)), 1.0).tolist() == [1 / CLASSES] * CLASSES
    assert not may_prevail(np.array([1.0, 0.0]))
    assert find_prevailing(np.array([1.0, 0.0]), 1.0) is None


def annotated_data(codes: np.ndarray, depth: float, rng: np.random.Generator) -> AnnData:
    adata = AnnData(cells(codes, depth, rng))
    adata.var_names = [f"GENE{i}" for i in range(GENES)]
    adata.obs["cell_type"] = np.array([f"type {k}" for k in codes])
    return adata


def test_accuracy_rises_and_calibration_is_not_worse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    reference = annotated_data(np.repeat(np.arange(CLASSES), 150), 800, rng)
    query = annotated_data(rng.choice(CLASSES, 1500, p=ONE), 20, rng)
    truth = query.obs.pop("cell_type")
    results = []
    for strength in (0.0, STRENGTH):
        monkeypatch.setattr("spatialcore.annotation.training.prevailing.STRENGTH", strength)
        path = tmp_path / f"{strength}.pkl"
        training = train_celltypist_model(reference, "cell_type", output_path=path, trainer="logistic", query=query)
        called = annotate_celltypist(query.copy(), custom_model_path=path, confidence_transform="calibrated")
        right = called.obs["cell_type_predicted"].astype(str) == truth
        confidence = called.obs["cell_type_confidence"]
        results.append((training["model"].metadata["platform"], right.mean(), abs(confidence.mean() - right.mean())))
    (plain, right_before, gap_before), (weighted, right_after, gap_after) = results
    assert "prevailing_class" not in plain
    assert weighted["prevailing_class"] == "type 0"
    assert weighted["prevailing_share"] > 0.6
    assert right_after > right_before + 0.015
    assert gap_after < gap_before
