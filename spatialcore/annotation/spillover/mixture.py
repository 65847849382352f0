"""Likelihood of a cell as a mixture of its type and its neighbourhood.

With class profiles M_k (classes x genes) and the composition C_i of the neighbourhood of cell i, its counts x have the
profile ``(1 - l) M_k + l C_i M``, where l is the share of the neighbourhood. Neighbours of the cell's own type drop
out: of l, the share ``1 - C_ik`` is foreign. The neighbourhood's profile is made from the class profiles, not from the
neighbours' counts, so that it cannot explain what the reference lacks.

Cells vary more than the multinomial distribution allows, therefore likelihoods are tempered.

The distribution of l is estimated from the section itself, separately for cells that have fewer, as many and more
counts than their neighbours: what a large cell loses to a small one is a larger share of the small one.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.core.types import Codes, Floats

SHARES: Final = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75])
N_CANDIDATES: Final = 4
SHARE_TEMPER: Final = 0.7  # of the likelihood of a share, given the class
CLASS_TEMPER: Final = 0.1  # of the likelihood of a class
ROUNDS, INNER_ROUNDS = 3, 12
PRIOR_AT_ZERO: Final = 0.1
PLACE_WEIGHT: Final = 0.25  # of the logarithm of a class's share in the neighbourhood
ANY_PLACE: Final = 0.1  # weight of a class that is not in the neighbourhood
SIZE_EDGES: Final = np.array([-0.25, 0.25])  # of the log ratio of the neighbours' counts and the cell's
N_SIZES: Final = len(SIZE_EDGES) + 1
POOLED_CELLS: Final = 20.0  # of the whole section, added to each size

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
    size
        0, 1 or 2 for cells with more, as many and fewer counts than their neighbours, see :func:`relative_sizes`.
    """

    counts: sparse.csr_matrix
    candidates: Codes
    log_prior: Floats
    composition: Float32s
    size: Codes

    @classmethod
    def of(cls, counts: sparse.csr_matrix, probabilities: Float32s, composition: Float32s, size: Codes) -> "Block":
        """Choose the candidates of each cell."""
        n = min(N_CANDIDATES, probabilities.shape[1])
        candidates = np.argsort(-probabilities, axis=1, kind="stable")[:, :n]
        prior = np.take_along_axis(probabilities, candidates, axis=1).astype(np.float64)
        return cls(counts, candidates, np.log(prior + 1e-9), composition, size)

    def among(self, composition: Float32s) -> "Block":
        """Return the same cells in another neighbourhood."""
        return replace(self, composition=composition)

    @property
    def foreign(self) -> Float32s:
        """Share of the neighbourhood that is not of each candidate class, cells x candidates."""
        result: Float32s = 1 - np.take_along_axis(self.composition, self.candidates, axis=1)
        return result

    @property
    def log_prior_of_place(self) -> Floats:
        """Log probability of the candidates by the linear model and by their share in the neighbourhood."""
        share = (1 - ANY_PLACE) * (1 - self.foreign.astype(np.float64)) + ANY_PLACE / self.composition.shape[1]
        result: Floats = self.log_prior + PLACE_WEIGHT * np.log(share)
        return result

    @property
    def entries(self) -> tuple[Codes, Codes]:
        """Row and gene of each stored count."""
        return np.repeat(np.arange(self.counts.shape[0]), np.diff(self.counts.indptr)), self.counts.indices


@dataclass(frozen=True)
class Posterior:
    """Posterior probabilities of the mixture for each cell.

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


def relative_sizes(nearby: Floats, totals: Floats) -> Codes:
    """Return 0, 1 or 2 for cells with more, as many and fewer counts than their neighbours.

    Parameters
    ----------
    nearby
        Mean counts of the neighbours of each cell.
    totals
        Counts of each cell.

    Examples
    --------
    >>> relative_sizes(np.array([100.0, 100.0, 100.0]), np.array([200.0, 100.0, 50.0])).tolist()
    [0, 1, 2]
    """
    ratio = np.log(np.maximum(nearby, 1.0) / np.maximum(totals, 1.0))
    result: Codes = np.searchsorted(SIZE_EDGES, ratio)
    return result


def posterior(block: Block, likelihood: Float32s, prior: Floats, *, by_place: bool = False) -> Posterior:
    """Return the posterior of classes and shares.

    Parameters
    ----------
    block
        The cells.
    likelihood
        Result of :func:`log_likelihood`.
    prior
        Distribution of the shares in the section, sizes x shares.
    by_place
        Whether classes that are frequent in the neighbourhood are more probable. Not in a comparison of
        neighbourhoods: types are found in groups without any spill-over.
    """
    top = likelihood.max(axis=2, keepdims=True).astype(np.float64)
    weights = np.exp(SHARE_TEMPER * (likelihood - top)) * prior[block.size][:, None, :]
    sums = weights.sum(axis=2)
    evidence = top[:, :, 0] + np.log(sums) / SHARE_TEMPER
    scores = (block.log_prior_of_place if by_place else block.log_prior) + CLASS_TEMPER * evidence
    classes = np.exp(scores - scores.max(axis=1, keepdims=True))
    classes /= classes.sum(axis=1, keepdims=True)
    return Posterior(SHARE_TEMPER * (classes * evidence).sum(axis=1), weights / sums[:, :, None], classes, evidence)


def fit_shares(block: Block, likelihood: Float32s, at_zero: float = PRIOR_AT_ZERO) -> Floats:
    """Estimate the distribution of the shares of a section by expectation-maximisation, sizes x shares.

    To each size twenty cells of the whole section are added.

    Parameters
    ----------
    block
        The cells.
    likelihood
        Result of :func:`log_likelihood`.
    at_zero
        Share of the cells that is added to the share of zero: in a clean section few shares are then above it.
    """
    cells = np.bincount(block.size, minlength=N_SIZES)
    prior = np.full((N_SIZES, len(SHARES)), 1 / len(SHARES))
    top = likelihood.max(axis=2, keepdims=True)
    weights = np.exp(SHARE_TEMPER * (likelihood - top).astype(np.float64))
    of_size = block.size == np.arange(N_SIZES)[:, None]
    for _ in range(ROUNDS):
        classes = posterior(block, likelihood, prior).classes[:, :, None]
        for _ in range(INNER_ROUNDS):
            joint = weights * prior[block.size][:, None, :]
            of_cell = (classes * joint / joint.sum(axis=2, keepdims=True)).sum(axis=1)
            numbers = of_size @ of_cell + POOLED_CELLS * of_cell.mean(axis=0)
            numbers[:, 0] += at_zero * cells
            prior = numbers / numbers.sum(axis=1, keepdims=True)
    return prior
