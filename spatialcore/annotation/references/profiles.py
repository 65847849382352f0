"""Cell type profiles as a reference: mean expression per type, and the cells that are drawn around it.

A cell of type k with total D counts gene g as Poisson(D * share_kg * x), where x is gamma distributed with mean 1 and
variance ``dispersion``, drawn for every cell and gene. D is log-normal around ``DEPTH``. Drawn cells stand for
real ones in training; they are marked, and held-out figures are not taken from them where there are real cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from spatialcore.annotation.references.features import Features
from spatialcore.core.text.wording import list_names
from spatialcore.core.types import Floats, Ints
from spatialcore.errors import InputError

CELLS_PER_TYPE: Final = 200
DEPTH: Final = 2_000.0
DEPTH_SPREAD: Final = 0.4
DISPERSION: Final = 1.0
DISPERSION_RANGE: Final = (0.05, 2.0)
_BLOCK: Final = 2_000


@dataclass(frozen=True)
class Profiles:
    """Mean expression of types.

    Parameters
    ----------
    labels
        The type of each profile; several profiles (clusters) may be of one type.
    features
        The genes.
    shares
        Share of each gene in the counts of a cell, profiles x genes, float32; rows sum to one.
    dispersion
        Variance of the gamma factor, per profile.
    n_cells
        Cells behind each profile, None where unknown.
    origin
        What was read and how, for the manifest.
    levels
        Names of each profile at the levels of a taxonomy, coarse to fine; empty without one.
    """

    labels: list[str]
    features: Features
    shares: npt.NDArray[np.float32]
    dispersion: Floats
    n_cells: Ints | None
    origin: dict[str, Any]
    levels: dict[str, list[str]]

    def cells(self) -> Ints:
        """Return the profile of each cell that can be drawn.

        Each type gets CELLS_PER_TYPE cells, or as many as are behind its profiles where that is known and less; they
        are divided over the profiles of the type in proportion to the cells behind them.
        """
        types = np.unique(np.asarray(self.labels, dtype=object), return_inverse=True)[1]
        weights = np.ones(len(types)) if self.n_cells is None else np.maximum(self.n_cells, 0).astype(float)
        parts = []
        for label in range(int(types.max()) + 1):
            members = np.flatnonzero(types == label)
            behind = weights[members].sum()
            total = CELLS_PER_TYPE if self.n_cells is None else int(min(CELLS_PER_TYPE, behind))
            edges = np.rint(np.cumsum(weights[members]) / max(behind, 1e-9) * total).astype(np.int64)
            parts.append(np.repeat(members, np.diff(edges, prepend=0)))
        return np.sort(np.concatenate(parts)).astype(np.int64)

    def draw(self, cells: Ints, genes: Ints, random_state: int) -> sp.csr_matrix:
        """Draw counts of cells.

        Parameters
        ----------
        cells
            The profile of each cell.
        genes
            Positions of the genes to draw.
        random_state
            Seed: the same cells and genes give the same counts.

        Returns
        -------
        csr_matrix
            Cells x genes, float32.
        """
        rng = np.random.default_rng(random_state)
        blocks = [self._draw_block(cells[start : start + _BLOCK], genes, rng) for start in range(0, len(cells), _BLOCK)]
        empty = sp.csr_matrix(np.zeros((0, len(genes)), np.float32))
        return sp.csr_matrix(sp.vstack(blocks or [empty]))

    def _draw_block(self, cells: Ints, genes: Ints, rng: np.random.Generator) -> sp.csr_matrix:
        depths = DEPTH * rng.lognormal(0, DEPTH_SPREAD, len(cells))
        rates = self.shares[cells][:, genes] * depths[:, None]
        shape = 1 / self.dispersion[cells][:, None]
        return sp.csr_matrix(rng.poisson(rates * rng.gamma(shape, 1 / shape, rates.shape)).astype(np.float32))


def shares_of(means: Floats, name: str, types: Sequence[str] = ()) -> npt.NDArray[np.float32]:
    """Return means (types x genes, any linear scale) with rows that sum to one.

    Raises
    ------
    InputError
        A value is negative or not finite, or a type has no expression.
    """
    if not np.isfinite(means).all() or (means < 0).any():
        raise InputError(
            f"{name} has negative or missing values: these are not mean expression",
            hint="give the mean counts or normalized expression of each type, not fold changes or z-scores",
        )
    sums = means.sum(axis=1, keepdims=True, dtype=np.float64)
    if (sums == 0).any():
        empty = [types[int(row)] for row in np.flatnonzero(sums.ravel() == 0)] if types else []
        named = f": {list_names(empty)}" if empty else ""
        raise InputError(f"{name} has a type without expression{named}", hint="leave the type out")
    return np.asarray(means / sums, dtype=np.float32)


def dispersion_of(means: Floats, deviations: Floats) -> Floats:
    """Estimate the dispersion of each profile from means and standard deviations over its cells.

    The variance of a gene is ``c * mean + dispersion * mean^2`` with c the counting noise on the scale of the values;
    both are fitted per profile by least squares on variance / mean, weighted by the mean.

    Returns
    -------
    ndarray
        One value per profile, within DISPERSION_RANGE.
    """
    fitted = []
    for mean, deviation in zip(means, deviations, strict=True):
        expressed = mean > 0
        x, y = mean[expressed], deviation[expressed] ** 2 / mean[expressed]
        centre = np.average(x, weights=x)
        spread = np.average((x - centre) ** 2, weights=x)
        slope = np.average((x - centre) * y, weights=x) / spread if spread > 0 else DISPERSION
        fitted.append(np.clip(slope, *DISPERSION_RANGE))
    return np.asarray(fitted, dtype=np.float64)
