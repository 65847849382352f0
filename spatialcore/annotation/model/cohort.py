"""What a model of several samples holds for each of them: standardization, platform and calibration.

The samples share the weights of the linear model. Depth, gene efficiencies and ambient share differ between samples,
so the standardization of the genes, the total before log1p, the class profiles and the calibration are a sample's own.
A query is recognised by its mean profile and depth; one that is far from all of the samples gets what the samples have
in common.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.model.calibration import Calibration
from spatialcore.core.normalization import row_totals
from spatialcore.core.types import Floats, JsonObject

DEPTH_WEIGHT: Final = 0.05  # nats for a depth that differs by the factor e
MIN_SAMPLES: Final = 3
EFFICIENCY_ALLOWED: Final = 0.7  # root mean square of log ratios
EFFICIENCY_TIMES: Final = 2.0  # the median of the samples
DEPTH_ALLOWED: Final = 8.0
SAME_SAMPLE: Final = 0.02  # nats per count: two draws of cells of one sample differ by less


@dataclass(frozen=True)
class SampleMatch:
    """How one sample measures a cell, and the calibration on its platform.

    Parameters
    ----------
    name
        Of the sample.
    mean, scale
        Mean and standard deviation of each gene (log1p) in reference cells as this sample measures them.
    efficiency, background
        Relative yield of each gene, and the sample's mean profile.
    calibration
        Fitted on held-out cells as this sample measures them.
    platform
        ``median_depth``, ``ambient_share``, ``query_cells`` and, for imaging data, ``mixed_share``.
    unlike
        Why the sample is unlike the others; empty text if it is not.
    """

    name: str
    target_sum: float
    mean: Floats
    scale: Floats
    efficiency: Floats
    background: Floats
    calibration: Calibration
    platform: JsonObject
    unlike: str = ""

    def profiles(self, shares: Floats) -> Floats:
        """Return the expected share of each gene per class in this sample, from that in the reference."""
        measured = shares * self.efficiency
        measured = measured / np.maximum(measured.sum(axis=1, keepdims=True), 1e-300)
        ambient = float(self.platform["ambient_share"])
        expected: Floats = (1 - ambient) * measured + ambient * self.background
        return expected

    def to_dict(self) -> dict[str, Any]:
        """Return arrays and plain values, for the model's file."""
        return {**vars(self), "calibration": self.calibration.to_dict()}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Read the result of :meth:`to_dict`."""
        return cls(**{**content, "calibration": Calibration.from_dict(content["calibration"])})


def describe_unlike(samples: Sequence[SampleMatch]) -> list[str]:
    """Return for each sample why it is unlike the others, in depth or gene efficiencies; empty text if it is not."""
    if len(samples) < MIN_SAMPLES:
        return [""] * len(samples)
    weights = np.mean([sample.background for sample in samples], axis=0)
    logs = np.log([sample.efficiency for sample in samples])
    logs -= (logs @ weights)[:, None]
    apart = np.sqrt(((logs - np.median(logs, axis=0)) ** 2) @ weights)
    depths = np.array([max(float(sample.platform["median_depth"]), 1.0) for sample in samples])
    folds = np.exp(np.abs(np.log(depths / np.median(depths))))
    allowed = max(EFFICIENCY_ALLOWED, EFFICIENCY_TIMES * float(np.median(apart)))
    return [_reason(*numbers, allowed) for numbers in zip(apart, folds, strict=True)]


def _reason(apart: float, fold: float, allowed: float) -> str:
    reasons = []
    if apart > allowed:
        reasons.append(f"gene efficiencies differ from those of the other samples by a factor of {np.exp(apart):.1f}")
    if fold > DEPTH_ALLOWED:
        reasons.append(f"the median depth differs from that of the other samples by a factor of {fold:.0f}")
    return "; ".join(reasons)


@dataclass(frozen=True)
class Cohort:
    """The samples of a model.

    Parameters
    ----------
    shares
        Mean share of each gene per class in the reference, classes x genes.
    samples
        In the order of their names.
    """

    shares: Floats
    samples: tuple[SampleMatch, ...]

    def sample(self, name: str) -> SampleMatch | None:
        """Return the sample of a name; ``None`` if there is none."""
        return next((sample for sample in self.samples if sample.name == name), None)

    def nearest(self, counts: sparse.csr_matrix, genes: npt.NDArray[np.intp]) -> tuple[SampleMatch, float]:
        """Return the sample whose mean profile and depth are nearest to those of some cells, and how far it is.

        Parameters
        ----------
        counts
            Cells x shared genes.
        genes
            Positions of these genes in the model.

        Returns
        -------
        Sample, and Kullback-Leibler divergence in nats per count less that of sampled counts.
        """
        totals = row_totals(counts)
        observed = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
        shares = observed / max(float(observed.sum()), 1.0)
        used = shares > 0
        bias = (used.sum() - 1) / (2 * max(float(observed.sum()), 1.0))
        depth = np.log(max(float(np.median(totals[totals > 0])) if (totals > 0).any() else 1.0, 1.0))
        divergence, distance = [], []
        for sample in self.samples:
            expected = sample.background[genes] / sample.background[genes].sum()
            divergence.append(float(shares[used] @ np.log(shares[used] / expected[used])) - bias)
            apart = depth - np.log(max(float(sample.platform["median_depth"]), 1.0))
            distance.append(divergence[-1] + DEPTH_WEIGHT * apart**2)
        best = int(np.argmin(distance))
        return self.samples[best], distance[best]

    def to_dict(self) -> dict[str, Any]:
        """Return arrays and plain values, for the model's file."""
        return {"shares": self.shares, "samples": [sample.to_dict() for sample in self.samples]}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Read the result of :meth:`to_dict`."""
        return cls(content["shares"], tuple(SampleMatch.from_dict(sample) for sample in content["samples"]))
