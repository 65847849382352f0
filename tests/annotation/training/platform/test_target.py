"""Reference cells are brought to what a model is matched to: a platform, depths, or nothing."""

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.training.platform.estimate import Platform
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.profile_vote import ImagedQuery, add_votes

PLATFORM = Platform(np.array([40.0, 60.0, 80.0]), np.array([1.0, 2.0]), 0.0, np.array([0.5, 0.5]))


@pytest.fixture
def counts(rng: np.random.Generator) -> sparse.csr_matrix:
    return sparse.csr_matrix(rng.poisson(200.0, (500, 2)).astype(np.float32))


def test_without_a_query_cells_stay_as_they_were_measured(counts: sparse.csr_matrix, rng: np.random.Generator) -> None:
    target = TargetPlatform()
    assert target.target_sum == 10_000
    assert not target.is_random
    assert (target.simulate(counts, rng) != counts).nnz == 0


def test_depths_alone_thin_cells_and_keep_the_shares_of_genes(
    counts: sparse.csr_matrix, rng: np.random.Generator
) -> None:
    target = TargetPlatform(depths=np.array([40.0, 60.0, 80.0]))
    assert target.target_sum == 60
    assert target.is_random
    thinned = target.simulate(counts, rng)
    assert (thinned.toarray() <= counts.toarray()).all()
    assert thinned.sum() / 500 == pytest.approx(60, rel=0.05)
    assert thinned[:, 0].sum() / thinned.sum() == pytest.approx(0.5, abs=0.02)


def test_a_platform_changes_depth_and_shares_of_genes(counts: sparse.csr_matrix, rng: np.random.Generator) -> None:
    target = TargetPlatform(platform=PLATFORM)
    assert target.target_sum == 60
    drawn = target.simulate(counts, rng)
    assert drawn.sum() / 500 == pytest.approx(60, rel=0.05)
    assert drawn[:, 1].sum() / drawn.sum() == pytest.approx(2 / 3, abs=0.02)  # efficiencies 1 and 2
    np.testing.assert_allclose(target.expected(np.array([[0.5, 0.5]])), [[1 / 3, 2 / 3]])


def test_the_target_sum_has_a_lower_limit() -> None:
    assert TargetPlatform(depths=np.array([1.0, 2.0])).target_sum == 10


def test_profiles_vote_for_imaging_queries_only(counts: sparse.csr_matrix) -> None:
    model = Standardized(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), np.zeros(3), np.zeros(2), np.ones(2))
    profiles = np.array([[0.8, 0.2], [0.2, 0.8], [0.5, 0.5]])
    assert TargetPlatform(platform=PLATFORM).voted(model, profiles, 2.0) is model
    imaged = ImagedQuery.of(counts, 60.0)
    voted = TargetPlatform(platform=PLATFORM, imaged=imaged).voted(model, profiles, 2.0)
    np.testing.assert_array_equal(voted.coef, add_votes([model], [imaged], [profiles], 2.0)[0].coef)
    assert np.abs(voted.coef - model.coef).max() > 0.1
