"""Likelihood of a cell as a mixture of its type and its neighbourhood.

With class profiles M_k (classes x genes) and the composition C_i of the neighbourhood of cell i, its counts x have the
profile ``(1 - l) M_k + l C_i M``, where l is the share of the neighbourhood. Neighbours of the cell's own type drop
out: of l, the share ``1 - C_ik`` is foreign. The neighbourhood's profile is made from the class profiles, not from the
neighbours' counts, so that it cannot explain what the reference lacks.

Cells vary more than the multinomial distribution allows, therefore likelihoods are tempered.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.core.types import Codes, Floats

SHARES: Final = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75])
N_CANDIDATES: Final = 4
SHARE_TEMPER: Final = 0.5  # of the likelihood of a share, given the class
CLASS_TEMPER: Final = 0.1  # of the likelihood of a class
ROUNDS, INNER_ROUNDS = 3, 12
PRIOR_AT_ZERO: Final = 0.1

Float32s = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """Some cells, each with at least one count.

    Parameters
    ----------
    counts
        Cells x genes.
    candidates
        The most probable classes of each cell, best first, cells x candidates.
    log_prior
        Log probability of these classes by the linear model, cells x candidates.
    composition
        Share of each class in the neighbourhood, cells x classes.
    """

    counts: sparse.csr_matrix
    candidates: Codes
    log_prior: Floats
    composition: Float32s

    @classmethod
    def of(cls, counts: sparse.csr_matrix, probabilities: Float32s, composition: Float32s) -> "Block":
        """Choose the candidates of each cell."""
        n = min(N_CANDIDATES, probabilities.shape[1])
        candidates = np.argsort(-probabilities, axis=1, kind="stable")[:, :n]
        prior = np.take_along_axis(probabilities, candidates, axis=1).astype(np.float64)
        return cls(counts, candidates, np.log(prior + 1e-9), composition)

    def among(self, composition: Float32s) -> "Block":
        """Return the same cells in another neighbourhood."""
        return replace(self, composition=composition)

    @property
    def foreign(self) -> Float32s:
        """Share of the neighbourhood that is not of each candidate class, cells x candidates."""
        result: Float32s = 1 - np.take_along_axis(self.composition, self.candidates, axis=1)
        return result

    @property
    def entries(self) -> tuple[Codes, Codes]:
        """Row and gene of each stored count."""
        return np.repeat(np.arange(self.counts.shape[0]), np.diff(self.counts.indptr)), self.counts.indices


@dataclass(frozen=True)
class Posterior:
    """What the mixture says about each cell.

    Parameters
    ----------
    evidence
        Tempered log likelihood, averaged over classes and shares.
    shares
        Probability of each share, given the class, cells x candidates x shares.
    classes
        Probability of each candidate class, cells x candidates.
    by_class
        Log likelihood of each candidate class, averaged over shares, cells x candidates.
    """

    evidence: Floats
    shares: Floats
    classes: Floats
    by_class: Floats

    def lead(self, totals: Floats) -> Floats:
        """Return how far the first candidate's log likelihood is above that of the next, over the root of the counts.

        Negative where another type explains the cell better, given the neighbourhood.

        Parameters
        ----------
        totals
            Counts of each cell.
        """
        others = self.by_class[:, 1:].max(axis=1, initial=-np.inf)
        result: Floats = (self.by_class[:, 0] - others) / np.sqrt(totals)
        return result

    def foreign_share(self, block: Block) -> Floats:
        """Return the expected share of each cell's counts that came from neighbours of other types."""
        result: Floats = (self.classes * (self.shares @ SHARES) * block.foreign).sum(axis=1)
        return result


def log_likelihood(block: Block, profiles: Floats) -> Float32s:
    """Return ``sum_g x_g log((1 - l) M_kg + l (C M)_g)``, cells x candidates x shares."""
    rows, genes = block.entries
    values, starts = block.counts.data.astype(np.float32), block.counts.indptr[:-1]
    expected = profiles.astype(np.float32)
    nearby = (block.composition @ expected)[rows, genes]
    result = np.empty((*block.candidates.shape, len(SHARES)), np.float32)
    for j in range(block.candidates.shape[1]):
        profile = expected[block.candidates[rows, j], genes]
        result[:, j, 0] = np.add.reduceat(values * np.log(profile), starts)
        excess = nearby / profile - 1
        for s, share in enumerate(SHARES[1:], start=1):
            gain = np.log(np.float32(share) * excess + 1)  # not log1p, which numpy does not vectorize
            result[:, j, s] = result[:, j, 0] + np.add.reduceat(np.multiply(gain, values, out=gain), starts)
    return result


def posterior(block: Block, likelihood: Float32s, prior: Floats) -> Posterior:
    """Return the posterior of classes and shares, given the distribution of the shares in the section."""
    top = likelihood.max(axis=2, keepdims=True).astype(np.float64)
    weights = np.exp(SHARE_TEMPER * (likelihood - top)) * prior
    sums = weights.sum(axis=2)
    evidence = top[:, :, 0] + np.log(sums) / SHARE_TEMPER
    scores = block.log_prior + CLASS_TEMPER * evidence
    classes = np.exp(scores - scores.max(axis=1, keepdims=True))
    classes /= classes.sum(axis=1, keepdims=True)
    return Posterior(SHARE_TEMPER * (classes * evidence).sum(axis=1), weights / sums[:, :, None], classes, evidence)


def fit_shares(block: Block, likelihood: Float32s) -> Floats:
    """Estimate the distribution of the shares of a section by expectation-maximisation, one value per share.

    A tenth of the cells is added to the share of zero.
    """
    prior = np.full(len(SHARES), 1 / len(SHARES))
    top = likelihood.max(axis=2, keepdims=True)
    weights = np.exp(SHARE_TEMPER * (likelihood - top).astype(np.float64))
    for _ in range(ROUNDS):
        classes = posterior(block, likelihood, prior).classes[:, :, None]
        for _ in range(INNER_ROUNDS):
            joint = weights * prior
            numbers = (classes * joint / joint.sum(axis=2, keepdims=True)).sum(axis=(0, 1))
            numbers[0] += PRIOR_AT_ZERO * len(likelihood)
            prior = numbers / numbers.sum()
    return prior
