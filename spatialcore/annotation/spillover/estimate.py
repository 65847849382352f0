"""Estimate spill-over in a section: the share of each cell's counts that came from neighbours of another type.

The null hypothesis is that a cell's counts do not depend on who its neighbours are, given its type. Neighbourhoods
are permuted among cells with the same call, and the log likelihood with the real neighbourhoods is compared with that,
cell by cell: the mean difference over its standard error is ``z``. In simulated sections of 1,300 cells z is below
2.9 without spill-over, and 4.4 to 9 at a mean share of .1 (benchmarks.spill). Below :data:`DETECTED` no share is
reported. Where neighbours explain less than a fiftieth of the counts, both likelihoods are nearly those without
neighbours, and z, a ratio of two tiny numbers, would say nothing: it is 0.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from spatialcore.annotation.spillover.ambient import AmbientFit, fit_ambient, fit_ambient_again, without_ambient
from spatialcore.annotation.spillover.cells import Cells, blocks
from spatialcore.annotation.spillover.mixture import SHARES, Block, fit_shares, log_likelihood, posterior
from spatialcore.annotation.spillover.neighbourhoods import Neighbourhoods
from spatialcore.annotation.spillover.section_profiles import section_profiles
from spatialcore.core.sampling import draw_named
from spatialcore.core.types import Codes, Floats

FIT_CELLS: Final = 4_000
DETECTED: Final = 3.5
MIN_SHARE: Final = 0.02  # of the neighbourhood, mean over the cells

Float32s = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SectionFit:
    """What holds for the whole section.

    Parameters
    ----------
    profiles
        Class profiles with the ambient share that is left beside the spill-over, classes x genes; of the section itself
        where spill-over is detected.
    shares
        Distribution of the share of the neighbourhood, relative sizes of cells x ``mixture.SHARES``.
    ambient
        The ambient share.
    z
        Evidence for spill-over, see above; 0 where the mean share is below :data:`MIN_SHARE`.
    """

    profiles: Floats
    shares: Floats
    ambient: float
    z: float

    @property
    def is_detected(self) -> bool:
        """Whether the cells' counts depend on their neighbours."""
        return self.z >= DETECTED


@dataclass(frozen=True)
class CellEstimates:
    """Estimates of every cell of the query.

    Parameters
    ----------
    foreign, null
        Share of the counts that came from neighbours of another type, and the same with the neighbourhood of another
        cell with the same call.
    lead
        Evidence for the linear model's best class before any other, given the neighbourhood, see
        :meth:`~spatialcore.annotation.spillover.mixture.Posterior.lead`.
    received
        Expected counts that cells of each best class received from each class, classes x classes.
    """

    foreign: Float32s
    null: Float32s
    lead: Float32s
    received: Floats


def fit_section(
    cells: Cells, neighbours: Neighbourhoods, pure: Floats, most_ambient: float, random_state: int = 0
) -> SectionFit:
    """Estimate the ambient share and the distribution of the shares from a sample of the cells, and test them.

    Parameters
    ----------
    cells, neighbours
        The query.
    pure
        Class profiles without ambient counts, classes x genes.
    most_ambient
        Ambient share of the model's platform; it contains the spill-over.
    random_state
        Seed of the sample and of the permutation.
    """
    placed = cells.rows[neighbours.has_any[cells.rows]]
    sample = placed[draw_named(cells.query.names[placed], FIT_CELLS, random_state)]
    partners = cells.partners(random_state)[sample]
    block, partners_composition = _sampled(cells, neighbours, sample, partners)
    fit = fit_ambient(block, pure, cells.background, most_ambient)
    z = _evidence(fit, block.among(partners_composition))
    if z < DETECTED:
        return SectionFit(fit.profiles, fit.shares, fit.ambient, z)
    return _with_profiles_of_section(fit, cells.background, z)


def _evidence(fit: AmbientFit, null: Block) -> float:
    """Return z of a fit against the same cells in the neighbourhoods of others; 0 where neighbours explain little."""
    if float((fit.shares @ SHARES)[fit.block.size].mean()) < MIN_SHARE:
        return 0.0
    likelihood = log_likelihood(null, fit.profiles)
    return _z(fit.mixture.evidence - posterior(null, likelihood, fit_shares(null, likelihood)).evidence)


def _with_profiles_of_section(fit: AmbientFit, background: Floats, z: float) -> SectionFit:
    """Fit again with profiles of the section; their ambient share corrects the first one, which is too high."""
    pure = without_ambient(_profiles_of_section(fit), fit.ambient, background)
    again = fit_ambient_again(fit.block, pure, background, fit.ambient)
    profiles = _profiles_of_section(again)
    shares = fit_shares(fit.block, log_likelihood(fit.block, profiles), at_zero=0.0)
    return SectionFit(profiles, shares, again.ambient, z)


def _profiles_of_section(fit: AmbientFit) -> Floats:
    by_place = posterior(fit.block, fit.likelihood, fit.shares, by_place=True)
    return section_profiles(fit.block, by_place, fit.profiles)


def _sampled(cells: Cells, neighbours: Neighbourhoods, sample: Codes, partners: Codes) -> tuple[Block, Float32s]:
    """Return a sample in its neighbourhoods, and the composition of those of the partners.

    Class probabilities are computed for these cells and their neighbours alone.
    """
    near = np.unique(np.concatenate([sample, *(neighbours.indices[rows].ravel() for rows in (sample, partners))]))
    probabilities = cells.probabilities_of(near)
    own, others = (neighbours.composition(probabilities, rows, near) for rows in (sample, partners))
    of_sample, sizes = probabilities[np.searchsorted(near, sample)], cells.sizes(sample, neighbours)
    return Block.of(cells.query.counts(sample), of_sample, own, sizes), others


def estimate_cells(cells: Cells, neighbours: Neighbourhoods, fit: SectionFit, random_state: int = 0) -> CellEstimates:
    """Estimate the shares of every cell, block by block; 0 for a cell without counts or neighbours."""
    n, n_classes = len(cells.totals), len(cells.type_sizes)
    foreign, null, lead = (np.zeros(n, np.float32) for _ in range(3))
    result = CellEstimates(foreign, null, lead, np.zeros((n_classes, n_classes)))
    partners = cells.partners(random_state)
    for rows in blocks(cells.rows):
        block = cells.block(rows, neighbours)
        real = posterior(block, log_likelihood(block, fit.profiles), fit.shares, by_place=True)
        result.foreign[rows], result.lead[rows] = real.foreign_share(block), real.lead(cells.totals[rows])
        _add_received(result.received, block, result.foreign[rows] * cells.totals[rows])
        other = block.among(neighbours.composition(cells.probabilities, partners[rows]))
        permuted = posterior(other, log_likelihood(other, fit.profiles), fit.shares, by_place=True)
        result.null[rows] = permuted.foreign_share(other)
    alone = ~neighbours.has_any
    result.foreign[alone], result.null[alone] = 0, 0
    return result


def _add_received(received: Floats, block: Block, foreign: Floats) -> None:
    """Divide the foreign counts of each cell over the other classes of its neighbourhood, and add them up."""
    best, senders = block.candidates[:, 0], block.composition.astype(np.float64)
    senders[np.arange(len(best)), best] = 0
    senders *= (foreign / np.maximum(senders.sum(axis=1), 1e-12))[:, None]
    np.add.at(received, best, senders)


def _z(difference: Floats) -> float:
    spread = float(difference.std()) if len(difference) else 0.0
    return float(difference.mean() / spread * np.sqrt(len(difference))) if spread > 0 else 0.0
