"""The ambient share of a section, fitted together with the distribution of the shares of the neighbourhood.

Counts that no class profile and no neighbour explain are ambient. Profiles of a reference of another study differ from
those of the tissue; a high ambient share explains a part of the difference, and in mixed tissue it explains the
spill-over as well, because the neighbourhoods are then similar to the mean of the section. With class profiles of the
section itself, the ambient share is therefore fitted again (:func:`fit_ambient_again`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

from spatialcore.annotation.spillover.mixture import (
    PRIOR_AT_ZERO,
    Block,
    Float32s,
    Posterior,
    fit_shares,
    log_likelihood,
    posterior,
)
from spatialcore.core.types import Floats

AMBIENT_GRID: Final = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
STEP: Final = 0.05  # of the second fit
MIN_PROFILE: Final = 0.02  # of the profile with ambient counts


@dataclass(frozen=True)
class AmbientFit:
    """A section with one ambient share.

    Parameters
    ----------
    block
        Cells of the section.
    profiles
        Class profiles with the ambient share, classes x genes.
    shares
        Distribution of the share of the neighbourhood, relative sizes of cells x ``mixture.SHARES``.
    ambient
        The ambient share.
    likelihood
        Result of :func:`~spatialcore.annotation.spillover.mixture.log_likelihood`.
    """

    block: Block
    profiles: Floats
    shares: Floats
    ambient: float
    likelihood: Float32s

    @classmethod
    def of(cls, block: Block, pure: Floats, background: Floats, ambient: float, at_zero: float = PRIOR_AT_ZERO) -> Self:
        """Fit the shares with one ambient share.

        Parameters
        ----------
        block
            Cells of the section.
        pure
            Class profiles without ambient counts, classes x genes.
        background
            Profile of the ambient counts, one share per gene.
        ambient
            The ambient share.
        at_zero
            Share of the cells that is added to the share of zero.
        """
        profiles = (1 - ambient) * pure + ambient * background
        likelihood = log_likelihood(block, profiles)
        return cls(block, profiles, fit_shares(block, likelihood, at_zero), ambient, likelihood)

    @cached_property
    def mixture(self) -> Posterior:
        """The posterior of the mixture for the cells."""
        return posterior(self.block, self.likelihood, self.shares)

    @cached_property
    def evidence(self) -> float:
        """Log likelihood of the cells."""
        return float(self.mixture.evidence.sum())


def fit_ambient(block: Block, pure: Floats, background: Floats, most: float) -> AmbientFit:
    """Return the best fit of a grid of ambient shares.

    Parameters
    ----------
    block, pure, background
        See :meth:`AmbientFit.of`.
    most
        Highest ambient share.
    """
    fits = (AmbientFit.of(block, pure, background, ambient) for ambient in AMBIENT_GRID if ambient <= most + 1e-9)
    return _best(fits)


def fit_ambient_again(block: Block, pure: Floats, background: Floats, most: float) -> AmbientFit:
    """Return the fit of the ambient share from which the log likelihood falls, downwards from the highest.

    Parameters
    ----------
    block, background
        See :meth:`AmbientFit.of`.
    pure
        Class profiles of the section without ambient counts, classes x genes.
    most
        The ambient share of the first fit.
    """
    best = AmbientFit.of(block, pure, background, most, at_zero=0.0)
    for step in reversed(range(round(most / STEP))):
        lower = AmbientFit.of(block, pure, background, round(STEP * step, 2), at_zero=0.0)
        if lower.evidence <= best.evidence:
            break
        best = lower
    return best


def without_ambient(profiles: Floats, ambient: float, background: Floats) -> Floats:
    """Return class profiles without the ambient share, classes x genes, rows summing to one.

    Parameters
    ----------
    profiles
        Class profiles with the ambient share.
    ambient, background
        See :meth:`AmbientFit.of`.
    """
    pure = (profiles - ambient * background) / max(1 - ambient, 1e-9)
    pure = pure.clip(MIN_PROFILE * profiles)
    result: Floats = pure / pure.sum(axis=1, keepdims=True)
    return result


def _best(fits: Iterable[AmbientFit]) -> AmbientFit:
    """Return the fit with the highest log likelihood; only two are kept at a time."""
    best: AmbientFit | None = None
    for each in fits:
        if best is None or each.evidence > best.evidence:
            best = each
    if best is None:
        raise ValueError("no ambient share is allowed")
    return best
