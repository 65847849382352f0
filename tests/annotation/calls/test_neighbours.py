import numpy as np
import pytest
from scipy.special import logit

from spatialcore.annotation.calls.neighbours import MIN_CELLS, NEIGHBOURS, OFFSET, weigh_by_neighbours

SIDE = 40


def grid() -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1).reshape(-1, 2).astype(float)


def test_isolated_calls_lose_confidence_and_the_mean_is_unchanged() -> None:
    rng = np.random.default_rng(0)
    places = grid()
    truth = (places[:, 0] >= SIDE / 2).astype(np.int32)
    wrong = rng.random(len(truth)) < 0.1
    best = np.where(wrong, 1 - truth, truth)
    confidence = rng.uniform(0.4, 0.95, len(best))
    weighed = weigh_by_neighbours(confidence, best, places)
    assert weighed.mean() == pytest.approx(confidence.mean(), abs=1e-6)
    assert (weighed[wrong] < confidence[wrong]).mean() > 0.95
    assert (weighed[~wrong] > confidence[~wrong]).mean() > 0.7


def test_the_change_by_its_definition() -> None:
    rng = np.random.default_rng(1)
    places, best = rng.uniform(0, 100, (400, 2)), rng.integers(0, 3, 400)
    confidence = rng.uniform(0.2, 0.9, 400)
    change = logit(weigh_by_neighbours(confidence, best, places)) - logit(confidence)
    distance = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    nearest = np.argsort(distance, axis=1)[:, 1 : NEIGHBOURS + 1]
    agreeing = (best[nearest] == best[:, None]).mean(axis=1)
    overall = np.array([(best == k).mean() for k in best])
    expected = 0.5 * np.log((agreeing + OFFSET) / (overall + OFFSET))
    np.testing.assert_allclose(change - change.mean(), expected - expected.mean(), atol=1e-6)


def test_cells_without_a_call_or_coordinates_keep_their_confidence() -> None:
    rng = np.random.default_rng(2)
    places, best = grid(), rng.integers(0, 2, SIDE * SIDE)
    best[:5], places[5:9, 0] = -1, np.nan
    confidence = np.where(best < 0, 0.0, rng.uniform(0.1, 0.9, len(best)))
    weighed = weigh_by_neighbours(confidence, best, places)
    assert (weighed[:9] == confidence[:9]).all()
    assert (weighed[9:] != confidence[9:]).any()


def test_few_cells_are_unchanged() -> None:
    n = MIN_CELLS - 1
    confidence = np.full(n, 0.5)
    assert weigh_by_neighbours(confidence, np.zeros(n, dtype=int), grid()[:n]) is confidence
