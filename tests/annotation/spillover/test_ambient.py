"""The ambient share is found beside the shares of the neighbourhood."""

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.spillover.ambient import fit_ambient, fit_ambient_again, without_ambient
from spatialcore.annotation.spillover.mixture import SHARES, Block
from spatialcore.core.types import Floats

N_CELLS, N_TYPES, N_GENES = 1500, 4, 80


def test_ambient_counts_are_subtracted_from_the_profiles() -> None:
    rng = np.random.default_rng(0)
    pure, background = rng.dirichlet(np.ones(30), 3), rng.dirichlet(np.ones(30))
    np.testing.assert_allclose(without_ambient(0.8 * pure + 0.2 * background, 0.2, background), pure, atol=1e-3)


def mixed_tissue(ambient: float, share: float) -> tuple[Block, Floats, Floats]:
    """Return cells with counts of neighbours and of the background, the profiles and the background."""
    rng = np.random.default_rng(1)
    profiles = rng.dirichlet(np.full(N_GENES, 0.3), N_TYPES)
    background = rng.dirichlet(np.ones(N_GENES))
    types = rng.integers(N_TYPES, size=N_CELLS)
    composition = rng.dirichlet(np.ones(N_TYPES), N_CELLS).astype(np.float32)
    expected = (1 - share) * ((1 - ambient) * profiles[types] + ambient * background)
    expected += share * composition @ ((1 - ambient) * profiles + ambient * background)
    counts = sparse.csr_matrix(np.array([rng.multinomial(150, row / row.sum()) for row in expected]), dtype=np.float32)
    probabilities = np.full((N_CELLS, N_TYPES), 0.01, np.float32)
    probabilities[np.arange(N_CELLS), types] = 0.97
    return Block.of(counts, probabilities, composition, np.ones(N_CELLS, dtype=np.intp)), profiles, background


@pytest.mark.parametrize(("ambient", "share"), [(0.0, 0.3), (0.1, 0.3), (0.2, 0.1)])
def test_both_shares_are_found(ambient: float, share: float) -> None:
    block, profiles, background = mixed_tissue(ambient, share)
    first = fit_ambient(block, profiles, background, most=0.4)
    again = fit_ambient_again(block, profiles, background, most=0.4)
    for fit in (first, again):
        assert fit.ambient == pytest.approx(ambient, abs=0.051)
        assert (fit.shares @ SHARES)[1] == pytest.approx(share, abs=0.06)


def test_the_ambient_share_is_at_most_the_highest() -> None:
    block, profiles, background = mixed_tissue(0.3, 0.2)
    assert fit_ambient(block, profiles, background, most=0.1).ambient == 0.1
    assert fit_ambient_again(block, profiles, background, most=0.1).ambient == 0.1
    assert fit_ambient_again(block, profiles, background, most=0.0).ambient == 0


def test_the_second_fit_finds_the_highest_likelihood_of_its_grid() -> None:
    block, profiles, background = mixed_tissue(0.15, 0.2)
    again = fit_ambient_again(block, profiles, background, most=0.3)
    others = [fit_ambient_again(block, profiles, background, most=most) for most in (0.05, 0.1, 0.2)]
    assert all(again.evidence >= other.evidence for other in others)
