"""Wilson's interval, compared with scipy."""

import numpy as np
from scipy.stats import binomtest

from spatialcore.plotting.intervals import wilson_interval


def test_equals_scipy():
    right, n = np.array([0, 3, 10, 50, 7]), np.array([20, 20, 100, 50, 9])
    low, high = wilson_interval(right, n)
    expected = [binomtest(k, m).proportion_ci(0.95, "wilson") for k, m in zip(right.tolist(), n.tolist(), strict=True)]
    np.testing.assert_allclose(low, [interval.low for interval in expected], atol=1e-12)
    np.testing.assert_allclose(high, [interval.high for interval in expected], atol=1e-12)


def test_no_cells():
    low, high = wilson_interval(np.array([0]), np.array([0]))
    assert 0 <= low[0] <= high[0] <= 1
