"""How well a model's class profiles describe the cells of a query.

A calibration on reference cells cannot tell that the query is of another tissue. The query can: of what distinguishes a
cluster of its cells from its mean, the nearest class profile explains a share. With x the summed counts of cluster j,
O_j their shares, q those of all cells and M_k the profile of class k, that share is ``(r + .1 N) / (p + .1 N)``, summed
over the clusters, where ``r = max_k x . log(M_k / q)``, ``p = x . log(O_j / q)`` less what sampling alone gives, and N
is the sum of x. The clusters are of the query alone: a profile that was fitted to the mean of cells of several types
does not explain how these differ.

In a query of mainly one type the clusters differ little from its mean: p / N is .01 to .32 nats per count, where
sections of several types have .33 to .83. Below .39 the mean of the class profiles increasingly takes the place of q,
below .31 entirely.

Measured on open pairs (benchmarks.between_studies):

=============================================== =============
references that fit, 14 pairs                    .44 to .88
the same, one type 80 to 99 % of the query      .39 to .90
of another tissue or species, 10 pairs          -.21 to .34
blood for lung, whose immune cells they share   .47
=============================================== =============
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from spatialcore.core.types import Floats, JsonObject

FEWEST_CELLS: Final = 200
PRIOR_NATS: Final = 0.1  # per count
MISFIT: Final = 0.39  # below it the confidence of all cells is lowered, which is said
MISFIT_SLOPE, MISFIT_LIMIT = 80.0, 8.0
ONE_TYPE, SEVERAL_TYPES = 0.31, 0.39  # nats per count by which clusters differ from the mean


@dataclass(frozen=True)
class ReferenceFit:
    """What the class profiles explain.

    Parameters
    ----------
    explained
        Share of all clusters together; 1 where the profiles describe the query as well as its clusters' own means do,
        0 where they describe them no better than the mean of the query, negative where they describe them worse.
    n_cells
        Query cells looked at.
    """

    explained: float
    n_cells: int

    @property
    def is_misfit(self) -> bool:
        """Whether the reference does not describe the query."""
        return self.n_cells >= FEWEST_CELLS and self.explained < MISFIT

    @property
    def discount(self) -> float:
        """The amount by which the logit of the confidence is lowered."""
        return min(MISFIT_SLOPE * (MISFIT - self.explained), MISFIT_LIMIT) if self.is_misfit else 0.0

    @property
    def reason(self) -> str:
        """The reason why the reference does not fit, as a sentence; empty if it fits."""
        if not self.is_misfit:
            return ""
        return (
            f"Of what distinguishes clusters of these cells, the model's profiles explain "
            f"{max(0, 100 * self.explained):.0f} %; references of the same tissue explain 44 to 88 %."
        )

    def to_dict(self) -> JsonObject:
        """Return plain values for the run manifest."""
        return {"explained": round(self.explained, 3), "n_cells": self.n_cells, "misfit": self.reason}


def measure_fit(pooled: Floats, profiles: Floats, n_cells: int) -> ReferenceFit:
    """Measure how well class profiles describe clusters of cells.

    Parameters
    ----------
    pooled
        Summed counts, clusters x genes.
    profiles
        Expected share of each gene per class on the query's platform, classes x genes, positive.
    n_cells
        How many cells the clusters have.
    """
    mean = pooled.sum(axis=0) + 0.5
    shares = profiles / profiles.sum(axis=1, keepdims=True)
    by_mean, difference = _explained(pooled, shares, mean / mean.sum())
    by_classes, _ = _explained(pooled, shares, shares.mean(axis=0))
    weight = float(np.clip((difference - ONE_TYPE) / (SEVERAL_TYPES - ONE_TYPE), 0, 1))
    return ReferenceFit(weight * by_mean + (1 - weight) * by_classes, n_cells)


def _explained(pooled: Floats, shares: Floats, common: Floats) -> tuple[float, float]:
    """Return the explained share against a common profile, and how much the clusters differ from it per count."""
    totals = pooled.sum(axis=1)
    counts = max(float(totals.sum()), 1e-9)
    reached = (pooled @ (np.log(shares) - np.log(common)).T).max(axis=1)
    possible = np.maximum(reached + totals * np.maximum(divergence(pooled, shares), 0), 0)
    prior = PRIOR_NATS * counts
    return float((reached.sum() + prior) / (possible.sum() + prior)), float(possible.sum() / counts)


def divergence(pooled: Floats, profiles: Floats) -> Floats:
    """Return how far pooled counts are from the nearest profile, in nats a count.

    Parameters
    ----------
    pooled
        Summed counts, clusters x genes.
    profiles
        Classes x genes; they are brought to a sum of one.

    Returns
    -------
    The smallest Kullback-Leibler divergence over the classes, less ``(genes with counts) / (2 counts)``, the mean that
    sampling alone gives.

    Examples
    --------
    >>> divergence(np.array([[500.0, 500.0]]), np.array([[0.5, 0.5], [0.9, 0.1]])).round(3).tolist()
    [-0.001]
    """
    totals = np.maximum(pooled.sum(axis=1), 1.0)
    shares = pooled / totals[:, None]
    logs = np.log(profiles / profiles.sum(axis=1, keepdims=True))
    entropy = np.where(shares > 0, shares * np.log(np.where(shares > 0, shares, 1.0)), 0.0).sum(axis=1)
    smallest = (entropy[:, None] - shares @ logs.T).min(axis=1)
    corrected: Floats = smallest - (pooled > 0).sum(axis=1) / (2 * totals)
    return corrected
