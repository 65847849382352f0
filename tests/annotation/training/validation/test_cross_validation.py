"""Held-out cells and the calibration fitted on them."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.validation.cross_validation import (
    CrossValidationResult,
    cross_validate,
    draw_per_class,
)
from tests.annotation.conftest import simulate


def result(drawn: list[bool]) -> CrossValidationResult:
    truth, best = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0])
    return CrossValidationResult(truth, best, np.array([0.95, 0.91, 0.55, 1.0, 0.52]), 3, np.array(drawn))


def test_reliability_and_confusion() -> None:
    cells = result([False] * 5)
    assert cells.right.tolist() == [True, False, True, True, False]
    np.testing.assert_array_equal(cells.confusion(), confusion_matrix(cells.truth, cells.best))
    low, high = cells.reliability()
    assert (low["low"], low["high"], low["n_cells"], low["accuracy"]) == (0.5, 0.6, 2, 0.5)
    assert (high["low"], high["n_cells"]) == (0.9, 3)
    assert high["confidence"] == pytest.approx((0.95 + 0.91 + 1.0) / 3)
    assert high["accuracy"] == pytest.approx(2 / 3)


def test_figures_are_of_real_cells_if_any() -> None:
    mixed = result([True, True, False, False, False])
    assert mixed.measured().truth.tolist() == [1, 2, 2]
    drawn = result([True] * 5)
    assert drawn.measured() is drawn


def test_a_draw_is_limited_per_class(rng: np.random.Generator) -> None:
    codes = np.repeat([0, 1, 2], [3, 50, 20])
    rows = draw_per_class(codes, 10, rng)
    assert np.bincount(codes[rows]).tolist() == [3, 10, 10]
    assert (np.diff(rows) > 0).all()


@pytest.fixture(scope="module")
def validated() -> tuple[np.ndarray, CrossValidationResult, object]:
    rng = np.random.default_rng(5)
    similar = 0.7 * rng.dirichlet(np.full(60, 0.5)) + 0.3 * rng.dirichlet(np.full(60, 0.5), 5)
    counts, codes, _ = simulate(900, 5, 60, 120, rng, similar)
    validation = cross_validate(counts, codes, 5, TargetPlatform(), rng)
    return codes, validation.result, validation.calibration


def test_every_cell_is_scored_once(validated: tuple[np.ndarray, CrossValidationResult, object]) -> None:
    codes, held_out, _ = validated
    np.testing.assert_array_equal(np.bincount(held_out.truth), np.bincount(codes))
    assert 0.6 < held_out.right.mean() < 0.99


def test_the_confidence_of_held_out_cells_is_calibrated(
    validated: tuple[np.ndarray, CrossValidationResult, object],
) -> None:
    held_out = validated[1]
    error = sum(
        part["n_cells"] / len(held_out.truth) * abs(part["confidence"] - part["accuracy"])
        for part in held_out.reliability()
    )
    assert error < 0.08
