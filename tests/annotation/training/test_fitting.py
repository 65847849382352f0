"""What the fits see: how often each reference cell is measured, and what it weighs."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.utils.class_weight import compute_sample_weight

from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.training.fitting import _shown
from spatialcore.annotation.training.logistic import balanced_weights
from spatialcore.annotation.training.train import train_celltypist_model
from tests.annotation.conftest import as_adata, simulate
from tests.annotation.training.test_train import accuracy


def test_cells_of_small_classes_are_measured_more_often(rng: np.random.Generator) -> None:
    codes = np.repeat([0, 1, 2], [3, 10, 200])
    looks = np.bincount(_shown(codes, rng), minlength=len(codes))
    assert [looks[codes == k].sum() for k in range(3)] == [60, 100, 400]
    assert looks.min() >= 2


def test_a_power_of_one_is_scikit_learns_balance_and_a_power_of_zero_is_none() -> None:
    codes = np.repeat([0, 1, 2], [3, 10, 200])
    np.testing.assert_allclose(balanced_weights(codes, 3), compute_sample_weight("balanced", codes))
    np.testing.assert_allclose(balanced_weights(codes, 3, 0.0), 1.0)
    half = balanced_weights(codes, 3, 0.5)
    assert half.mean() == pytest.approx(1.0)
    assert half[0] / half[-1] == pytest.approx((200 / 3) ** 0.5)


@pytest.mark.parametrize(("types", "genes"), [(100, 150), (3, 5_000)])
def test_classes_of_ten_cells_are_told_apart(types: int, genes: int, rng: np.random.Generator, tmp_path: Path) -> None:
    seen, truth, profiles = simulate(150, types, genes, 300, rng)
    own = np.repeat(np.arange(types), 10)
    reference = as_adata(sparse.csr_matrix(rng.multinomial(1_000, profiles[own]).astype(np.float32)), own)
    query = as_adata(seen, truth, logged=False)
    path = tmp_path / "model.pkl"
    assert len(train_celltypist_model(reference, output_path=path, trainer="logistic", query=query)["classes"]) == types
    called = annotate_celltypist(query, custom_model_path=path, confidence_transform="calibrated")
    assert accuracy(called, np.array([f"type {kind}" for kind in truth])) > 0.9
