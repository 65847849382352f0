"""Class profiles of a section, from those of the reference and the section's own cells."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.spillover.mixture import SHARES, Block, fit_shares, log_likelihood, posterior
from spatialcore.annotation.spillover.section_profiles import PRIOR_CELLS, section_profiles

CLASSES, GENES, CELLS = 3, 30, 600


@pytest.fixture
def profiles(rng: np.random.Generator) -> np.ndarray:
    return rng.dirichlet(np.full(GENES, 0.5), CLASSES) * 0.98 + 0.02 / GENES


def block_of(counts: np.ndarray, codes: np.ndarray, composition: np.ndarray) -> Block:
    probabilities = np.full((len(codes), CLASSES), 0.001, np.float32)
    probabilities[np.arange(len(codes)), codes] = 0.998
    sizes = np.ones(len(codes), dtype=np.intp)
    return Block.of(sparse.csr_matrix(counts.astype(np.float32)), probabilities, composition.astype(np.float32), sizes)


def test_without_spill_over_they_are_the_mean_of_reference_and_cells(
    profiles: np.ndarray, rng: np.random.Generator
) -> None:
    codes = rng.integers(0, CLASSES, CELLS)
    counts = rng.multinomial(100, profiles[::-1][codes])
    block = block_of(counts, codes, np.eye(CLASSES)[codes])
    none = np.zeros((3, len(SHARES)))
    none[:, 0] = 1
    mixture = posterior(block, log_likelihood(block, profiles), none)
    first = np.zeros_like(mixture.classes)
    first[:, 0] = 1
    result = section_profiles(block, replace(mixture, classes=first), profiles)
    sums = np.stack([counts[codes == k].sum(axis=0) for k in range(CLASSES)]) + PRIOR_CELLS * 100 * profiles
    np.testing.assert_allclose(result, sums / sums.sum(axis=1, keepdims=True), rtol=1e-5)


def test_they_are_nearer_to_the_tissue_and_do_not_take_up_the_neighbours(
    profiles: np.ndarray, rng: np.random.Generator
) -> None:
    tissue = profiles * rng.lognormal(0, 0.5, GENES)
    tissue /= tissue.sum(axis=1, keepdims=True)
    codes = rng.integers(0, CLASSES, CELLS)
    composition = np.eye(CLASSES)[(codes + 1) % CLASSES]
    share = rng.beta(1.2, 2.8, CELLS)[:, None]
    counts = np.array([rng.multinomial(150, p) for p in (1 - share) * tissue[codes] + share * (composition @ tissue)])
    block = block_of(counts, codes, composition)
    likelihood = log_likelihood(block, profiles)
    result = section_profiles(block, posterior(block, likelihood, fit_shares(block, likelihood)), profiles)
    observed = np.stack([counts[codes == k].sum(axis=0) for k in range(CLASSES)])
    observed = observed / observed.sum(axis=1, keepdims=True)

    def distance(table: np.ndarray) -> float:
        return float(np.abs(table - tissue).sum())

    assert distance(result) < 0.8 * distance(profiles)
    assert distance(result) < 0.95 * distance(observed)
