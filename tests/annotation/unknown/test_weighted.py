"""Sums, means and quantiles of weighted values."""

import numpy as np
import pytest

from spatialcore.annotation.unknown.weighted import group_means, summed, weighted_quantile


def test_the_quantile_counts_weights() -> None:
    values = np.random.default_rng(0).normal(size=101)
    assert weighted_quantile(values, np.ones(101), 0.5) == np.median(values)
    assert weighted_quantile(values, np.where(values > 1, 1.0, 0.0), 0.0) <= weighted_quantile(values, values > 1, 0.5)


def test_means_and_sums_are_those_of_numpy() -> None:
    rng = np.random.default_rng(1)
    values, weights, group = rng.normal(size=50), rng.random(50), rng.integers(0, 4, 50)
    means = group_means(values, weights, group)
    for k in range(4):
        inside = group == k
        assert summed(values, group, 6)[k] == pytest.approx(values[inside].sum())
        assert means[inside] == pytest.approx(np.average(values[inside], weights=weights[inside]))
    assert summed(values, group, 6)[4:].tolist() == [0.0, 0.0]
