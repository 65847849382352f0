"""From scores to the probability that a call is right.

A logistic regression on features of a cell and its best class k:

``logit``
    ``log(p_k / (1 - p_k))`` of the softmax of ``scores / T``; the temperature T is fitted on held-out cells
    (Guo et al. 2017, "On calibration of modern neural networks").
``depth``
    ``log N`` of the cell's counts on the panel, relative to the held-out median.
``deviance``
    How the cell's counts agree with the profile M_k its class shows on this platform: ``(x . log M_k - N H_k) /
    sqrt(N V_k)``, where ``H_k`` and ``V_k`` are mean and variance of ``log M_kg`` under M_k; centred and scaled on
    held-out cells and cut at zero from above. The only feature that looks at the input itself: no function of a row
    of scores can tell noise from a cell.
``auxiliary``
    log probability of class k under the auxiliary model, trained on the reference as it is.

``pair_gain``
    how much a second type adds to the likelihood of the cell, see :mod:`spatialcore.annotation.model.pair_gain`; only
    in models of imaging data with counts.

Slopes are not negative and are drawn towards temperature scaling alone (logit 1, others 0) by a ridge. Decoys with
target 0 (cells whose own class is hidden from the model, cells with shuffled genes) teach it what an unseen type
and noise look like.
"""

from dataclasses import asdict, dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse
from scipy.special import expit

from spatialcore.core.compressed import rows_by_group
from spatialcore.core.types import Codes, Floats, JsonObject

LOGIT_LIMIT = 12.0
DEVIANCE_RANGE = (-8.0, 0.0)
PAIR_GAIN_UNIT = 10.0
RIDGE = 0.002
TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True)
class ProfileTest:
    """Log shares of the class profiles, with mean and variance, to compare cells with the profile of their class."""

    logs: Floats
    mean: Floats
    variance: Floats

    @classmethod
    def from_profiles(cls, profiles: Floats) -> Self:
        """Prepare the test; `profiles` are classes x genes and are brought to a sum of one."""
        shares = profiles / profiles.sum(axis=1, keepdims=True)
        logs = np.log(shares)
        mean = (shares * logs).sum(axis=1)
        variance = (shares * logs**2).sum(axis=1) - mean**2
        return cls(logs=logs, mean=mean, variance=np.maximum(variance, 1e-9))

    def deviance(self, counts: sparse.csr_matrix, totals: Floats, best: Codes) -> Floats:
        """Return the standardised log likelihood of each cell under the profile of class `best`."""
        observed = np.zeros(len(best))
        for k, rows, cells in rows_by_group(counts, best):
            observed[rows] = cells @ self.logs[k]
        depth = np.maximum(totals, 1e-9)
        result: Floats = (observed - totals * self.mean[best]) / np.sqrt(depth * self.variance[best])
        return result


@dataclass(frozen=True)
class CalibrationFeatures:
    """Features of each cell and its best class, arrays of one length.

    ``pair_gain`` is ``None`` where the calibration does not use it.
    """

    margins: Floats
    totals: Floats
    deviance: Floats
    auxiliary: Floats
    best: Codes
    pair_gain: Floats | None = None


@dataclass(frozen=True)
class Calibration:
    """A fitted calibration.

    Parameters
    ----------
    temperature
        Divides the scores before the softmax.
    intercept, slopes
        Of the logistic regression; the slopes are in the order logit, depth, deviance, auxiliary.
    depth_center, deviance_center, deviance_scale
        Centres of the features, and the unit of the deviance.
    pair_gain_slope
        Of the pair gain; ``None`` where the calibration does not use it.
    judges_fit
        Whether the confidence is lowered where the class profiles do not fit a query.
    """

    temperature: float
    intercept: float
    slopes: tuple[float, float, float, float]
    depth_center: float
    deviance_center: float
    deviance_scale: float
    pair_gain_slope: float | None = None
    judges_fit: bool = False

    def features(self, evidence: CalibrationFeatures) -> Floats:
        """Return the features, cells x 4, or x 5 with the pair gain; `margins` were made with this temperature."""
        deviance = (evidence.deviance - self.deviance_center) / self.deviance_scale
        features = [
            np.clip(evidence.margins, -LOGIT_LIMIT, LOGIT_LIMIT),
            np.log(np.maximum(evidence.totals, 1.0)) - self.depth_center,
            np.clip(deviance, *DEVIANCE_RANGE),
            np.clip(evidence.auxiliary, -LOGIT_LIMIT, 0.0),
        ]
        if self.pair_gain_slope is not None and evidence.pair_gain is not None:
            features.append(-evidence.pair_gain / PAIR_GAIN_UNIT)
        return np.column_stack(features)

    def probability(self, evidence: CalibrationFeatures) -> Floats:
        """Return the probability that each cell's best class is right."""
        slopes = self.slopes if self.pair_gain_slope is None else (*self.slopes, self.pair_gain_slope)
        weighted = self.features(evidence) * np.array(slopes)
        result: Floats = expit(self.intercept + weighted.sum(axis=1))  # a product by the BLAS depends on the block
        return result

    def to_dict(self) -> JsonObject:
        """Return plain numbers for JSON."""
        content = asdict(self)
        if self.pair_gain_slope is None:
            del content["pair_gain_slope"]
        if not self.judges_fit:
            del content["judges_fit"]
        return content

    @classmethod
    def from_dict(cls, content: JsonObject) -> Self:
        """Read the result of :meth:`to_dict`."""
        return cls(**{**content, "slopes": tuple(content["slopes"])})


def margin(scores: Floats, best: Codes, temperature: float) -> Floats:
    """Return ``log(p / (1 - p))`` of class `best` under the softmax of ``scores / temperature``.

    Classes whose score is minus infinity do not take part; a single class gets the upper limit.
    """
    scaled = scores / temperature
    index = np.arange(len(best))
    best_score = scaled[index, best].copy()
    scaled[index, best] = -np.inf
    top = np.maximum(scaled.max(axis=1), -1e300)
    with np.errstate(divide="ignore"):
        rest = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
    result: Floats = np.clip(best_score - rest, -1e3, 1e3)
    return result


def log_probability(scores: Floats, best: Codes) -> Floats:
    """Return the log probability of class `best` under the softmax of `scores`."""
    highest = scores.max(axis=1)
    sums = np.exp(scores - highest[:, None]).sum(axis=1)
    result: Floats = scores[np.arange(len(best)), best] - highest - np.log(sums)
    return result


def fit_temperature(scores: Floats, truth: Codes, weights: Floats) -> float:
    """Return the temperature that gives the held-out truth the largest likelihood."""

    def loss(log_temperature: float) -> float:
        return -float(weights @ log_probability(scores / np.exp(log_temperature), truth))

    low, high = np.log(TEMPERATURES)
    return float(np.exp(optimize.minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def fit_calibration(
    evidence: CalibrationFeatures, right: npt.NDArray[np.bool_], weights: Floats, temperature: float
) -> Calibration:
    """Fit the logistic regression of being right on the features.

    Parameters
    ----------
    evidence
        Of held-out cells and decoys; margins made with `temperature`.
    right
        Whether each call is right; False for decoys.
    weights
        Of each cell; they are brought to a sum of one.
    """
    good = evidence.deviance[right] if right.any() else evidence.deviance
    spread = float(np.std(good)) if len(good) > 1 else 1.0
    start = Calibration(
        temperature=temperature,
        intercept=0.0,
        slopes=(1.0, 0.0, 0.0, 0.0),
        depth_center=float(np.median(np.log(np.maximum(evidence.totals, 1.0)))),
        deviance_center=float(np.median(good)),
        deviance_scale=max(spread, 1e-6),
        pair_gain_slope=None if evidence.pair_gain is None else 0.0,
        judges_fit=True,
    )
    features, share = start.features(evidence), weights / weights.sum()
    prior = np.zeros(1 + features.shape[1])
    prior[1] = 1.0

    def loss(theta: Floats) -> tuple[float, Floats]:
        logit = theta[0] + features @ theta[1:]
        value = share @ (np.logaddexp(0.0, logit) - right * logit) + 0.5 * RIDGE * ((theta - prior) ** 2).sum()
        residual = share * (expit(logit) - right)
        gradient = np.concatenate([[residual.sum()], features.T @ residual]) + RIDGE * (theta - prior)
        return float(value), gradient

    bounds = [(None, None)] + [(0.0, None)] * features.shape[1]
    theta = optimize.minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=bounds).x
    intercept, a, b, c, d, *gain = (float(value) for value in theta)
    return replace(start, intercept=intercept, slopes=(a, b, c, d), pair_gain_slope=gain[0] if gain else None)
