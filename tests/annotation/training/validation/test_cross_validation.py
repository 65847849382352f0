"""Held-out cells and the calibration fitted on them."""

import numpy as np
import pytest

from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.validation.cross_validation import cross_validate
from spatialcore.annotation.training.validation.result import CrossValidationResult
from tests.annotation.conftest import simulate


@pytest.fixture(scope="module")
def validated() -> tuple[np.ndarray, CrossValidationResult, object]:
    rng = np.random.default_rng(5)
    similar = 0.7 * rng.dirichlet(np.full(60, 0.5)) + 0.3 * rng.dirichlet(np.full(60, 0.5), 5)
    counts, codes, _ = simulate(900, 5, 60, 120, rng, similar)
    validation = cross_validate(LabelledCounts.of(counts, codes, 5), TargetPlatform(), rng)
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
