"""How well a model's class profiles describe the cells of a query.

A calibration on reference cells cannot tell that the query is of another tissue. The query can, in two ways.

**Explained.** Of what distinguishes a cluster of its cells from its mean, the nearest class profile explains a share.
With x the summed counts of cluster j, O_j their shares, q those of all cells and M_k the profile of class k on the
query's platform, that share is ``(r + .1 N) / (p + .1 N)``, summed over the clusters, where
``r = max_k x . log(M_k / q)``, ``p = x . log(O_j / q)`` less what sampling alone gives, and N is the sum of x. The
clusters are of the query alone: a profile that was fitted to the mean of cells of several types does not explain how
these differ. In a query of mainly one type its clusters differ little from its mean (p / N below .39 nats per count).
Below that, the mean of the class profiles increasingly takes the place of q, below .31 entirely.

**Agreement.** In a query of one type little distinguishes the clusters, and gene efficiencies make some profile of any
reference fit its mean. So the means are also compared as they were measured: the correlation, over the genes,
of the logarithms of the query's mean and of the reference's mean over the classes that the clusters are nearest to,
without efficiencies. Platforms change both by factors that do not depend on the tissue; another tissue expresses
other genes, however many types are present.

The logarithm of the odds that the reference fits is ``16 agreement + 6 explained - 9.6`` in a query of one type. In
one of several types the share explained says more: ``11 (explained - .39)``, and ``90 (agreement - .6)`` where this is
positive, since references of another tissue do not agree that well. Chosen on pairs of reference and query: twelve
queries whole, small, and of 80 to 100 % one type (docs/benchmarks/accuracy.md). Below zero the confidence of all cells
is lowered. Models without the profiles of their reference are judged by the share explained.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from spatialcore.core.types import Floats, JsonObject

MIN_CELLS: Final = 200
PRIOR_NATS: Final = 0.1  # per count
AGREEMENT_SLOPE, EXPLAINED_SLOPE, INTERCEPT = 16.0, 6.0, -9.6  # one type
MISFIT: Final = 0.39  # least share explained where several types are present
LOSS_SLOPE, MAX_LOSS = 7.0, 8.0  # of the logit, by the logarithm of the odds
MISFIT_SLOPE: Final = 80.0 / LOSS_SLOPE
HIGH_AGREEMENT, HIGH_AGREEMENT_SLOPE = 0.6, 90.0
MIN_EXPLAINED: Final = -0.5
FEW_GENES, FEW_GENES_ALLOWANCE = 40, 4.0
FLOOR: Final = 0.1  # added to the share of a gene, in mean shares
MIN_SPREAD: Final = 1e-9  # of logarithms that vary
ONE_TYPE, SEVERAL_TYPES = 0.31, 0.39  # nats per count by which clusters differ from the mean


@dataclass(frozen=True)
class ReferenceFit:
    """How well a reference describes a query.

    Parameters
    ----------
    explained
        Share of what distinguishes the clusters; 1 where the profiles describe the query as well as its clusters' own
        means do, 0 where they describe them no better than the mean of the query, negative where they describe
        them worse.
    n_cells
        Query cells looked at.
    agreement
        Correlation of the mean expression, see above; ``None`` for a model without the profiles of its reference.
    n_genes
        Genes of the correlation.
    several_types
        0 for a query of mainly one type, 1 for one of several, by how much its clusters differ from its mean.
    """

    explained: float
    n_cells: int
    agreement: float | None = None
    n_genes: int = FEW_GENES
    several_types: float = 1.0

    @property
    def log_odds(self) -> float:
        """Logarithm of the odds that the reference fits."""
        of_several = MISFIT_SLOPE * (self.explained - MISFIT)
        if self.agreement is None:
            return of_several
        of_several += HIGH_AGREEMENT_SLOPE * max(self.agreement - HIGH_AGREEMENT, 0.0)
        explained = min(max(self.explained, MIN_EXPLAINED), 1.0)
        of_one = AGREEMENT_SLOPE * self.agreement + EXPLAINED_SLOPE * explained + INTERCEPT
        of_one += FEW_GENES_ALLOWANCE * max(0.0, 1 - self.n_genes / FEW_GENES)
        return self.several_types * of_several + (1 - self.several_types) * of_one

    @property
    def is_misfit(self) -> bool:
        """Whether the reference does not describe the query."""
        return self.n_cells >= MIN_CELLS and self.log_odds < 0

    @property
    def discount(self) -> float:
        """The amount by which the logit of the confidence is lowered."""
        return min(-LOSS_SLOPE * self.log_odds, MAX_LOSS) if self.is_misfit else 0.0

    @property
    def reason(self) -> str:
        """The reason why the reference does not fit, as a sentence; empty if it fits."""
        if not self.is_misfit:
            return ""
        explained = (
            f"Of what distinguishes clusters of these cells, the model's profiles explain "
            f"{max(0, 100 * self.explained):.0f} %"
        )
        if self.agreement is None:
            return f"{explained}; references of the same tissue explain 44 to 88 %."
        return (
            f"{explained}, and the mean expression of the genes has a correlation of {self.agreement:.2f} with that of "
            f"the reference; with references of the same tissue these are 43 to 88 %, and .46 to .97."
        )

    def to_dict(self) -> JsonObject:
        """Return plain values for the run manifest."""
        agreement = {} if self.agreement is None else {"agreement": round(self.agreement, 3)}
        return {
            "explained": round(self.explained, 3),
            **agreement,
            "several_types": round(self.several_types, 2),
            "n_cells": self.n_cells,
            "misfit": self.reason,
        }


def measure_fit(pooled: Floats, profiles: Floats, n_cells: int, reference: Floats | None = None) -> ReferenceFit:
    """Measure how well class profiles describe clusters of cells.

    Parameters
    ----------
    pooled
        Summed counts, clusters x genes.
    profiles
        Expected share of each gene per class on the query's platform, classes x genes, positive.
    n_cells
        How many cells the clusters have.
    reference
        The same in the reference, as it was measured.
    """
    mean = pooled.sum(axis=0) + 0.5
    shares = profiles / profiles.sum(axis=1, keepdims=True)
    by_mean, difference = _explained(pooled, shares, mean / mean.sum())
    by_classes, _ = _explained(pooled, shares, shares.mean(axis=0))
    weight = float(np.clip((difference - ONE_TYPE) / (SEVERAL_TYPES - ONE_TYPE), 0, 1))
    agreement = None if reference is None else mean_agreement(pooled, shares, reference)
    return ReferenceFit(weight * by_mean + (1 - weight) * by_classes, n_cells, agreement, pooled.shape[1], weight)


def mean_agreement(pooled: Floats, profiles: Floats, reference: Floats) -> float | None:
    """Return the correlation of the mean expression of a query and of its classes in the reference.

    Parameters
    ----------
    pooled
        Summed counts, clusters x genes.
    profiles
        Expected share of each gene on the query's platform, classes x genes: the class of a cluster is the most
        likely one.
    reference
        Share of each gene in the reference, classes x genes.

    Returns
    -------
    The correlation of the logarithms; ``None`` without counts, or where all genes have the same share.

    Examples
    --------
    >>> shares = np.array([[0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    >>> round(mean_agreement(np.array([[500.0, 400.0, 100.0]]), shares, shares), 2)
    0.96
    """
    totals = pooled.sum(axis=1)
    if not totals.sum() or pooled.shape[1] < 2:
        return None
    nearest = (pooled @ np.log(profiles).T).argmax(axis=1)
    composition = np.bincount(nearest, weights=totals, minlength=len(profiles)) / totals.sum()
    expected = composition @ (reference / np.maximum(reference.sum(axis=1, keepdims=True), 1e-300))
    agreement = float(log_correlation(pooled.sum(axis=0)[None] / totals.sum(), expected[None])[0])
    return None if np.isnan(agreement) else agreement


def log_correlation(shares: Floats, expected: Floats) -> Floats:
    """Return the correlation of the logarithms of shares over the genes, row by row; NaN where one does not vary.

    Parameters
    ----------
    shares, expected
        Share of each gene, rows x genes; a tenth of the mean share is added.

    Examples
    --------
    >>> log_correlation(np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]]), np.array([[0.6, 0.3, 0.1], [0.6, 0.3, 0.1]]))
    array([ 1.        , -0.91216584])
    """
    floor = FLOOR / shares.shape[1]
    first, second = (np.log(table + floor) for table in (shares, expected))
    first, second = (table - table.mean(axis=1, keepdims=True) for table in (first, second))
    varies = (np.abs(first).max(axis=1) > MIN_SPREAD) & (np.abs(second).max(axis=1) > MIN_SPREAD)
    norms = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    correlations: Floats = np.divide((first * second).sum(axis=1), norms, out=np.full(len(norms), np.nan), where=varies)
    return correlations


def _explained(pooled: Floats, shares: Floats, common: Floats) -> tuple[float, float]:
    """Return the explained share against a common profile, and how much the clusters differ from it per count."""
    totals = pooled.sum(axis=1)
    counts = max(float(totals.sum()), 1e-9)
    reached = (pooled @ (np.log(shares) - np.log(common)).T).max(axis=1)
    possible = np.maximum(reached + totals * np.maximum(divergence(pooled, shares), 0), 0)
    prior = PRIOR_NATS * counts
    return float((reached.sum() + prior) / (possible.sum() + prior)), float(possible.sum() / counts)


def sampling_divergence(pooled: Floats) -> Floats:
    """Return the divergence that counts sampled from a profile have from it on average, in nats a count.

    Parameters
    ----------
    pooled
        Summed counts, clusters x genes.

    Examples
    --------
    >>> sampling_divergence(np.array([[500.0, 500.0], [10.0, 0.0]])).tolist()
    [0.001, 0.05]
    """
    expected: Floats = (pooled > 0).sum(axis=1) / (2 * np.maximum(pooled.sum(axis=1), 1.0))
    return expected


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
    corrected: Floats = smallest - sampling_divergence(pooled)
    return corrected
