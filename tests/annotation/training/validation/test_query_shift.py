import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.training.fitting import fit_models
from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.estimate import Platform
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.validation.query_shift import (
    QueryShift,
    class_weights,
    measure_shift,
    mix,
)

GENES, CLASSES = 60, 4


def profiles() -> np.ndarray:
    shares = np.random.default_rng(5).dirichlet(np.full(GENES, 0.3), CLASSES) + 1e-3
    return shares / shares.sum(axis=1, keepdims=True)


def cells(codes: np.ndarray, depth: float, rng: np.random.Generator) -> sparse.csr_matrix:
    return sparse.csr_matrix(rng.poisson(profiles()[codes] * depth).astype(np.float32))


def test_mixing_keeps_the_depth_and_moves_the_profile() -> None:
    rng = np.random.default_rng(0)
    pure = cells(np.zeros(2000, dtype=int), 200, rng)
    mixed = mix(pure, profiles(), 0.3, rng)
    assert mixed.sum() == pytest.approx(pure.sum(), rel=0.02)
    expected = 0.7 * profiles()[0] + 0.3 * profiles().mean(axis=0)
    np.testing.assert_allclose(np.asarray(mixed.sum(axis=0)).ravel() / mixed.sum(), expected, atol=0.01)


def test_a_share_of_zero_does_not_change_the_cells() -> None:
    pure = cells(np.array([0, 1]), 50, np.random.default_rng(0))
    assert mix(pure, profiles(), 0.0, np.random.default_rng(0)) is pure


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25])
def test_the_share_of_a_simulated_query_is_estimated(share: float) -> None:
    rng = np.random.default_rng(3)
    codes = np.repeat(np.arange(CLASSES), 150)
    reference, held_out = cells(codes, 1500, rng), cells(codes, 1500, rng)
    truth = rng.choice(CLASSES, 1500, p=[0.4, 0.3, 0.2, 0.1])
    query = mix(cells(truth, 120, rng), profiles(), share, rng)
    depths = np.asarray(query.sum(axis=1), dtype=float).ravel()
    target = TargetPlatform(platform=Platform(depths, np.ones(GENES), 0.0, np.full(GENES, 1 / GENES)))
    models = fit_models(LabelledCounts.of(reference, codes, CLASSES), target, rng)
    shift = measure_shift(models, held_out, query, target, rng)
    assert shift.mixing == pytest.approx(share, abs=0.05)
    np.testing.assert_allclose(shift.composition, [0.4, 0.3, 0.2, 0.1], atol=0.06)


def test_mean_over_folds() -> None:
    one, other = QueryShift(0.1, np.array([1.0, 0.0])), QueryShift(0.3, np.array([0.0, 1.0]))
    shift = QueryShift.mean([one, other])
    assert shift.mixing == pytest.approx(0.2)
    assert shift.composition.tolist() == [0.5, 0.5]


def test_classes_weigh_by_the_query_and_less_if_they_have_few_cells() -> None:
    sizes = np.array([2, 10, 390])
    np.testing.assert_allclose(class_weights(sizes, None), [2 / 12, 10 / 20, 390 / 400])
    half = np.array([0.5 + 0.5 * 3 * 0.8, 0.5 + 0.5 * 3 * 0.2, 0.5])
    np.testing.assert_allclose(
        class_weights(sizes, QueryShift(0.0, np.array([0.8, 0.2, 0.0]))), half * [2 / 12, 10 / 20, 390 / 400]
    )
