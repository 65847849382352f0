"""Confidence on a logit axis."""

import numpy as np
from matplotlib.figure import Figure

from spatialcore.plotting.confidence_axis import TOP, axis_minimum, set_up_confidence_axis, spread_top


def test_the_axis_spreads_high_confidence():
    axes = Figure().add_subplot()
    set_up_confidence_axis(axes, 0.1)
    low, middle, high = axes.transData.transform([(0.1, 0), (0.9, 0), (0.99, 0)])[:, 0]
    assert 0.3 < (high - middle) / (middle - low) < 1
    assert [label.get_text() for label in axes.get_xticklabels()][-1] == "≥0.999"


def test_high_values_are_spread_and_others_unchanged():
    values = np.array([0.2, 0.9989, *[1.0] * 50])
    spread = spread_top(values, np.random.default_rng(0))
    np.testing.assert_array_equal(spread[:2], values[:2])
    assert (spread[2:] >= TOP).all()
    assert len(np.unique(spread[2:])) == 50


def test_missing_values_remain_missing():
    assert np.isnan(spread_top(np.array([np.nan, 0.5]), np.random.default_rng(0))[0])


def test_minimum_is_below_threshold_and_cells():
    assert axis_minimum(np.array([0.95, 0.99]), 0.8) == 0.7
    assert axis_minimum(np.array([0.35, 0.99]), 0.8) == 0.3
