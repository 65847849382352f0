"""The calibration is fitted on held-out cells, and decoys count as wrong calls."""

import numpy as np
import pytest

from spatialcore.annotation.training.fitting import fit_models
from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.validation.calibrate import calibrate
from spatialcore.annotation.training.validation.held_out import HeldOut, score_held_out
from tests.annotation.conftest import simulate


@pytest.fixture(scope="module")
def scored() -> list[HeldOut]:
    rng = np.random.default_rng(8)
    counts, codes, profiles = simulate(300, 4, 40, 60, rng)
    scorer = fit_models(LabelledCounts.of(counts, codes, 4), TargetPlatform(), rng).scorer()
    folds = [simulate(200, 4, 40, 60, rng, profiles)[:2] for _ in range(2)]
    return [score_held_out(scorer, LabelledCounts.of(held_out, truth, 4), rng) for held_out, truth in folds]


def test_all_held_out_cells_have_a_calibrated_confidence(scored: list[HeldOut]) -> None:
    result, calibration = calibrate(scored, np.ones(4))
    np.testing.assert_array_equal(result.truth, np.concatenate([part.cells.truth for part in scored]))
    np.testing.assert_array_equal(result.best, np.concatenate([part.cells.best for part in scored]))
    evidence = [part.cells.evidence(calibration.temperature) for part in scored]
    np.testing.assert_allclose(result.confidence, np.concatenate([calibration.probability(one) for one in evidence]))
    assert result.confidence.mean() == pytest.approx(result.right.mean(), abs=0.05)


def test_decoys_have_a_lower_confidence(scored: list[HeldOut]) -> None:
    result, calibration = calibrate(scored, np.ones(4))
    for part in scored:
        assert part.unseen is not None
        for decoys in (part.unseen, part.shuffled):
            confidence = calibration.probability(decoys.evidence(calibration.temperature))
            assert confidence.mean() < result.confidence.mean() - 0.1
