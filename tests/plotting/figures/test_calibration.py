"""Calibration plot: expected calibration error."""

import json

import anndata as ad
import pandas as pd
import pytest
from scipy.stats import binomtest

from spatialcore import columns
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


def test_bins_of_few_cells_are_hollow_and_not_connected(sample: ad.AnnData) -> None:
    upper = plot_calibration(sample).axes[0]
    assert [line.get_label() for line in upper.lines].count("fewer than 10 cells") == 0
    few = {"low": 0.1, "high": 0.2, "n_cells": 3, "confidence": 0.15, "accuracy": 1.0}
    card = json.loads(sample.uns[columns.MANIFEST]["model_card_json"])
    card["heldout"]["reliability"].insert(0, few)
    sample.uns[columns.MANIFEST]["model_card_json"] = json.dumps(card)
    lines = {line.get_label(): line for line in plot_calibration(sample).axes[0].lines}
    hollow = lines["fewer than 10 cells"]
    assert hollow.get_linestyle() == "None"
    assert hollow.get_markerfacecolor() == "white"
    assert list(hollow.get_xdata()) == [0.15]
    assert 0.15 not in lines["held-out cells, 95 % interval"].get_xdata()
