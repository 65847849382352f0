"""Gaussian mixture of one variable by expectation maximization, as in scikit-learn, which is slow to import."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from spatialcore.core.types import Floats, Ints

_MAX_ROUNDS: Final = 200
_TOLERANCE: Final = 1e-3  # change of the mean log-likelihood


@dataclass(frozen=True)
class Mixture:
    """Weights, means and variances of the components, each of shape (n_components,)."""

    weights: Floats
    means: Floats
    variances: Floats

    def log_densities(self, values: Floats) -> Floats:
        """Return the logarithm of the weighted density of each component, values x components."""
        squares = (values[:, None] - self.means) ** 2 / self.variances
        densities: Floats = np.log(self.weights) - 0.5 * (np.log(2 * np.pi * self.variances) + squares)
        return densities

    def predict(self, values: Floats) -> Ints:
        """Return the most probable component of each value."""
        return np.asarray(self.log_densities(values).argmax(axis=1))


def fit_mixture(values: Floats, start: Mixture, *, added_variance: float) -> Mixture:
    """Return the mixture with the highest likelihood that is reached from a start.

    Parameters
    ----------
    values
        The values, shape (n_values,).
    start
        The mixture to begin with.
    added_variance
        Added to the variance of each component.

    Notes
    -----
    Ends when the mean log-likelihood changes by less than .001, or after 200 rounds, as
    ``sklearn.mixture.GaussianMixture`` does.

    Examples
    --------
    >>> start = Mixture(np.array([0.5, 0.5]), np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    >>> fit_mixture(np.array([0.0, 0.1, 4.0, 4.1]), start, added_variance=1e-4).means.round(2).tolist()
    [0.05, 4.05]
    """
    distinct, n = np.unique(values, return_counts=True)
    mixture, previous = start, -np.inf
    for _ in range(_MAX_ROUNDS):
        densities = mixture.log_densities(distinct)
        top = densities.max(axis=1, keepdims=True)
        shares = np.exp(densities - top)
        total = shares.sum(axis=1, keepdims=True)
        likelihood = float(n @ (top + np.log(total))[:, 0]) / values.size
        mixture = _maximize(distinct, shares / total * n[:, None], added_variance)
        if abs(likelihood - previous) < _TOLERANCE:
            break
        previous = likelihood
    return mixture


def _maximize(values: Floats, shares: Floats, added_variance: float) -> Mixture:
    sizes = shares.sum(axis=0) + 10 * np.finfo(np.float64).eps
    means = values @ shares / sizes
    variances = ((values[:, None] - means) ** 2 * shares).sum(axis=0) / sizes + added_variance
    return Mixture(sizes / sizes.sum(), means, variances)
