"""Sums, means and quantiles of weighted values."""

import numpy as np

from spatialcore.core.types import Codes, Floats


def summed(values: Floats, group: Codes, n_groups: int = 0) -> Floats:
    """Return the sum of the values of each group."""
    sums: Floats = np.bincount(group, weights=values, minlength=n_groups).astype(np.float64)
    return sums


def group_means(values: Floats, weights: Floats, group: Codes) -> Floats:
    """Return the weighted mean of each value's group.

    Examples
    --------
    >>> group_means(np.array([1.0, 3.0, 5.0]), np.array([3.0, 1.0, 1.0]), np.array([0, 0, 1])).tolist()
    [1.5, 1.5, 5.0]
    """
    means: Floats = summed(values * weights, group) / np.maximum(summed(weights, group), 1e-300)
    return means[group]


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """Return the value up to which the values have this share of the weights.

    Examples
    --------
    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 8.0]), 0.5)
    2.0
    """
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(values[order][min(int(np.searchsorted(below, share * below[-1])), len(order) - 1)])
