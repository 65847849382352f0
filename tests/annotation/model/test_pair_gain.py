import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.model.pair_gain import MAX_GAIN, SECOND_SHARE, PairGain

PROFILES = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.2, 0.6, 0.2]])


def by_definition(counts: np.ndarray, best: np.ndarray) -> np.ndarray:
    gains = []
    for x, k in zip(counts, best, strict=True):
        second = [
            x @ np.log((1 - SECOND_SHARE) * PROFILES[k] + SECOND_SHARE * PROFILES[j]) for j in range(len(PROFILES))
        ]
        gains.append(np.clip(max(second) - x @ np.log(PROFILES[k]), 0, MAX_GAIN))
    return np.array(gains)


def test_is_the_largest_gain_of_a_second_type() -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(5, (40, 3)).astype(float)
    best = rng.integers(0, 3, 40)
    result = PairGain(np.log(PROFILES)).of(sparse.csr_matrix(counts), best)
    np.testing.assert_allclose(result, by_definition(counts, best), atol=1e-5)


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_mixed_cells_gain_more_than_pure_ones(share: float) -> None:
    rng = np.random.default_rng(1)
    best = np.zeros(300, dtype=np.intp)
    pure = sparse.csr_matrix(rng.multinomial(100, PROFILES[0], 300))
    mixed = sparse.csr_matrix(rng.multinomial(100, (1 - share) * PROFILES[0] + share * PROFILES[1], 300))
    gains = [PairGain(np.log(PROFILES)).of(cells, best).mean() for cells in (pure, mixed)]
    assert gains[0] < 1 < gains[1] / 3


def test_a_cell_of_one_profile_gains_nothing() -> None:
    expected = sparse.csr_matrix(1000 * PROFILES)
    assert PairGain(np.log(PROFILES)).of(expected, np.arange(3)).max() == 0
