"""Reliability and confusion of held-out cells."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from spatialcore.annotation.training.validation.result import CrossValidationResult


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
