"""How well a model's class profiles describe the query's cells, and what the confidence loses where they do not.

A calibration on reference cells cannot tell that the query is of another tissue. The query can: of what distinguishes
its cells called k from a common profile, the model's profile M_k explains a share. With the query's own mean profile
O_k of these cells, a common profile N and x the sum of their counts, the share is ``x . log(M_k / N)`` of
``x . log(O_k / N)``. Measured on open pairs (benchmarks.between_studies), all classes together:

======================================== ==============
references that fit, 15 pairs            .36 to .87
of another tissue or species, 15 pairs   below .33
the same, 30 genes or fewer              up to .66
======================================== ==============

Few genes leave little to misfit; there the confidence is low by itself.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse

from spatialcore.core.types import Codes, Floats

FEWEST_CELLS: Final = 50
PRIOR_COUNTS: Final = 50.0
PRIOR_NATS: Final = 200.0
CLASS_FLOOR, CLASS_SLOPE, CLASS_LIMIT = 0.4, 4.0, 4.0
QUERY_FLOOR, QUERY_SLOPE, QUERY_LIMIT = 0.35, 40.0, 8.0
MISFIT: Final = QUERY_FLOOR  # below it the confidence of all cells is lowered, which is said
DOMINATED, WHOLLY = 0.4, 0.6


@dataclass(frozen=True)
class ReferenceFit:
    """Shares that the class profiles explain.

    Parameters
    ----------
    explained
        Of all cells together, 0 to 1; 1 where the reference describes the query as well as the query's own means do.
        A class that is described worse than by the common profile counts as not explained.
    by_class
        The same of the cells of each class, negative where the common profile describes them better; 1 for a class
        without cells.
    n_cells
        Query cells looked at.
    """

    explained: float
    by_class: Floats
    n_cells: int

    @property
    def is_misfit(self) -> bool:
        """Whether the reference as a whole does not describe the query."""
        return self.n_cells >= FEWEST_CELLS and self.explained < MISFIT

    def discount(self) -> Floats:
        """Return what the logit of each class's confidence loses."""
        if self.n_cells < FEWEST_CELLS:
            return np.zeros(len(self.by_class))
        by_class = np.minimum(CLASS_SLOPE * np.maximum(CLASS_FLOOR - self.by_class, 0), CLASS_LIMIT)
        result: Floats = by_class + min(QUERY_SLOPE * max(QUERY_FLOOR - self.explained, 0.0), QUERY_LIMIT)
        return result

    @property
    def reason(self) -> str:
        """Why the reference is not believed, in a sentence; empty where it fits."""
        if not self.is_misfit:
            return ""
        return (
            f"Of what sets the cells of a type apart in these data, the model's profiles explain "
            f"{max(0, 100 * self.explained):.0f} %; references of the same tissue explain 36 to 87 %."
        )

    def to_dict(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """Return plain values for the run manifest."""
        by_class = dict(zip(classes, self.by_class.round(3).tolist(), strict=True))
        return {
            "explained": round(self.explained, 3),
            "by_class": by_class,
            "n_cells": self.n_cells,
            "misfit": self.reason,
        }


def measure_fit(counts: sparse.csr_matrix, best: Codes, profiles: Floats) -> ReferenceFit:
    """Measure how well class profiles describe cells.

    Parameters
    ----------
    counts
        Query cells x genes.
    best
        Class of each cell.
    profiles
        Expected share of each gene per class on the query's platform, classes x genes, positive.
    """
    n_classes = len(profiles)
    members = sparse.csr_matrix((np.ones(len(best)), (best, np.arange(len(best)))), shape=(n_classes, len(best)))
    sums = np.asarray((members @ counts).todense(), dtype=np.float64)
    expected = profiles / profiles.sum(axis=1, keepdims=True)
    observed = (sums + PRIOR_COUNTS * expected) / (sums.sum(axis=1, keepdims=True) + PRIOR_COUNTS)
    common = np.log(_common_profile(sums, expected, np.bincount(best, minlength=n_classes)))
    reached = (sums * (np.log(expected) - common)).sum(axis=1)
    noise = 0.5 * (sums > 0).sum(axis=1)  # what fitting a gene's share to the cells themselves gains by chance
    possible = np.maximum((sums * (np.log(observed) - common)).sum(axis=1) - noise, reached)
    possible = np.maximum(possible, 0)
    by_class = (reached + PRIOR_NATS) / (possible + PRIOR_NATS)
    explained = (np.maximum(reached, 0).sum() + PRIOR_NATS) / (possible.sum() + PRIOR_NATS)
    return ReferenceFit(float(explained), by_class, len(best))


def _common_profile(sums: Floats, expected: Floats, cells: Codes) -> Floats:
    """Return the query's mean profile; the classes' where one class dominates the query and so is its mean."""
    shares = cells / max(1, cells.sum())
    weight = float(np.clip((float(shares @ shares) - DOMINATED) / (WHOLLY - DOMINATED), 0, 1))
    mean = sums.sum(axis=0) + 0.5
    result: Floats = weight * expected.mean(axis=0) + (1 - weight) * mean / mean.sum()
    return result
