"""Calibration plot: expected calibration error."""

import anndata as ad
import pandas as pd
import pytest
from scipy.stats import binomtest

from spatialcore.plotting.figures.calibration import _intervals, expected_calibration_error, plot_calibration
from tests.plotting.tissues import RELIABILITY, texts


def test_calibration_error_is_the_weighted_mean_difference(sample: ad.AnnData) -> None:
    error = expected_calibration_error(pd.DataFrame(RELIABILITY))
    assert error == pytest.approx(0.25 * 0.20 + 0.75 * 0.04)
    assert f"{error:.3f}" in texts(plot_calibration(sample))


def test_intervals_are_wilsons() -> None:
    low, high = _intervals(pd.DataFrame(RELIABILITY))
    expected = binomtest(25, 100).proportion_ci(0.95, "wilson")
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high))


def test_placeholder_without_model_card(tissue: ad.AnnData) -> None:
    assert "no held-out calibration" in texts(plot_calibration(tissue))
