"""Fit the primary model, matched to the platform, and the auxiliary model that the calibration uses."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import softmax

from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.simulate import draw_class_blocks
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.prevailing import Thinned
from spatialcore.annotation.training.profile_vote import QUERY_VOTE
from spatialcore.annotation.training.solver.fit_cells import FitCells
from spatialcore.annotation.training.solver.logistic import fit_logistic
from spatialcore.core.compressed import row_blocks
from spatialcore.core.normalization import TARGET_SUM, log1p_normalize, row_totals
from spatialcore.core.types import Codes, Floats

REPLICATES = 2
MIN_SIMULATED = 100
MAX_REPLICATES = 20
BALANCE = 0.75
QUERY_SHARE = 0.5
STORED_CELLS = 5_000  # normalized at once


@dataclass(frozen=True)
class FittedModels:
    """The fitted models.

    Parameters
    ----------
    primary
        Multinomial logistic regression on the matched reference, with the votes of class profiles on imaging data; its
        input is log1p at `target_sum`.
    fitted
        The same without votes and thinned model, from which other fits start.
    auxiliary
        The same on the reference as it is; its input is log1p at 10,000.
    profiles
        Expected share of each gene per class on the target platform, classes x genes.
    """

    primary: Standardized
    fitted: Standardized
    auxiliary: Standardized
    profiles: Floats
    target_sum: float

    def scorer(self, *, with_pair_gain: bool = False) -> Scorer:
        """Return the folded models."""
        return Scorer.build(self.primary, self.target_sum, self.auxiliary, self.profiles, with_pair_gain=with_pair_gain)

    def class_shares(self, query: sparse.csr_matrix, temperature: float) -> Floats:
        """Return the estimated share of each class in a query with counts.

        Parameters
        ----------
        query
            Counts of query cells on the same genes.
        temperature
            That of the calibration, which divides the scores before the softmax.
        """
        query = query[row_totals(query) > 0]
        if not query.shape[0]:
            return np.full(len(self.profiles), 1 / len(self.profiles))
        scores = self.primary.on_genes().scores(log1p_normalize(query, self.target_sum))
        shares: Floats = softmax(scores / temperature, axis=1).mean(axis=0)
        return shares


def fit_models(
    cells: LabelledCounts,
    target: TargetPlatform,
    rng: np.random.Generator,
    start: FittedModels | None = None,
    thinned: Thinned | None = None,
    query_vote: float = QUERY_VOTE,
) -> FittedModels:
    """Fit all models on reference cells.

    Parameters
    ----------
    cells
        The reference cells.
    target
        What the primary model is matched to.
    start
        Models from which the fits start; fewer iterations are then needed. On imaging data, half of the cells that the
        primary model is fitted on are then drawn from the profiles of the query's cells, as these models call them.
    thinned
        A model to average the primary one with.
    query_vote
        Weight of the votes of the query's own class profiles.
    """
    profiles = target.expected(cells.profiles)
    own_profiles = target.imaged.own_profiles(start.profiles, start.primary) if target.imaged and start else None
    fitted = fit_primary(cells, target, rng, start.fitted if start else None, own_profiles)
    auxiliary = fit_auxiliary(cells, start.auxiliary if start else None)
    primary, voting = fitted, profiles
    if thinned:
        primary, voting = thinned.blended_with(fitted), thinned.blended_profiles(profiles, cells.profiles)
    primary = target.voted(primary, voting, query_vote)
    return FittedModels(primary, fitted, auxiliary, profiles, target.target_sum)


def fit_primary(
    cells: LabelledCounts,
    target: TargetPlatform,
    rng: np.random.Generator,
    start: Standardized | None = None,
    query_profiles: Floats | None = None,
) -> Standardized:
    """Fit logistic regression on reference cells as the target measures them.

    Parameters
    ----------
    start
        Weights to start from.
    query_profiles
        Mean share of each gene per class in the query: half of the cells are then drawn from these.
    """
    rows = simulated_rows(cells.codes, rng) if target.is_random else np.arange(len(cells.codes))
    simulated, codes = training_cells(cells, rows, target, rng, query_profiles)
    normalized = FitCells.of(log1p_normalize(block, target.target_sum) for block in pop_blocks(simulated))
    return fit_logistic(normalized, codes, cells.n_classes, power=BALANCE, start=start)


def fit_auxiliary(cells: LabelledCounts, start: Standardized | None = None) -> Standardized:
    """Fit logistic regression on reference cells as they were measured.

    Parameters
    ----------
    start
        Weights to start from.
    """
    normalized = FitCells.of(log1p_normalize(block, TARGET_SUM) for block in row_blocks(cells.counts, STORED_CELLS))
    return fit_logistic(normalized, cells.codes, cells.n_classes, start=start)


def pop_blocks(blocks: list[sparse.csr_matrix]) -> Iterator[sparse.csr_matrix]:
    """Yield the blocks in order and remove each from the list, so that its memory is free for what is made of it."""
    blocks.reverse()
    while blocks:
        yield blocks.pop()


def training_cells(
    cells: LabelledCounts,
    rows: Codes,
    target: TargetPlatform,
    rng: np.random.Generator,
    query_profiles: Floats | None = None,
) -> tuple[list[sparse.csr_matrix], Codes]:
    """Return cells as the target measures them, in blocks, and their classes; cells without counts are left out.

    Parameters
    ----------
    rows
        The reference cells to simulate.
    query_profiles
        Mean share of each gene per class in the query: half of the cells are then drawn from these.
    """
    codes = cells.codes[rows]
    if query_profiles is None:
        blocks = target.simulate_rows(cells.counts, rows, rng)
    else:
        is_drawn = rng.random(len(rows)) < QUERY_SHARE
        blocks = target.simulate_rows(cells.counts, rows[~is_drawn], rng)
        blocks += _draw_cells(query_profiles, codes[is_drawn], target, rng)
        codes = np.concatenate([codes[~is_drawn], codes[is_drawn]])
    has_counts = [np.diff(block.indptr) > 0 for block in blocks]
    blocks = [block if mask.all() else block[mask] for block, mask in zip(blocks, has_counts, strict=True)]
    return blocks, codes[np.concatenate(has_counts)]


def _draw_cells(
    profiles: Floats, codes: Codes, target: TargetPlatform, rng: np.random.Generator
) -> list[sparse.csr_matrix]:
    """Draw a Poisson cell of each class at the target's depths."""
    depths = rng.choice(target.platform.depths, len(codes)) if target.platform else np.full(len(codes), TARGET_SUM)
    return draw_class_blocks(depths, codes, profiles, rng)


def simulated_rows(codes: Codes, rng: np.random.Generator) -> Codes:
    """Return the rows to simulate: every cell twice, cells of small classes more often.

    Simulated cells of low depth vary: two simulations of each of ten cells represent a class poorly.
    """
    sizes = np.bincount(codes)
    n_simulated = np.maximum(REPLICATES * sizes, np.minimum(MIN_SIMULATED, MAX_REPLICATES * sizes))
    more = [
        rng.choice(np.flatnonzero(codes == k), n - REPLICATES * sizes[k])
        for k, n in enumerate(n_simulated)
        if n > REPLICATES * sizes[k]
    ]
    return np.concatenate([np.tile(np.arange(len(codes)), REPLICATES), *more])
