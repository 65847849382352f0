"""Shares agree with a simulated section; without spill-over or at permuted coordinates, none is detected."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from spatialcore.annotation.spillover.ambient import without_ambient
from spatialcore.annotation.spillover.estimate import (
    DETECTED,
    MIN_SHARE,
    SectionFit,
    estimate_cells,
    fit_section,
)
from spatialcore.annotation.spillover.mixture import SHARES
from spatialcore.annotation.spillover.neighbourhoods import Neighbourhoods
from tests.annotation.spillover.conftest import Example


def fit(example: Example, neighbours: Neighbourhoods) -> SectionFit:
    model, cells = example.model, example.cells
    assert model.profiles is not None
    return fit_section(
        cells, neighbours, without_ambient(model.profiles, model.ambient_share, cells.background), model.ambient_share
    )


def test_shares_of_cells_agree_with_the_truth(spilled: Example) -> None:
    cells, neighbours = spilled.cells, spilled.neighbours
    result = fit(spilled, neighbours)
    shares = estimate_cells(cells, neighbours, result).foreign
    truth = spilled.section.obs["true_foreign_share"].to_numpy()
    weights = cells.totals / cells.totals.sum()
    assert result.z > 2 * DETECTED
    assert np.corrcoef(shares, truth)[0, 1] > 0.6
    assert weights @ shares == pytest.approx(weights @ truth, abs=0.05)
    assert roc_auc_score(truth > 0.4, shares) > 0.85


def test_half_precision_of_a_large_query_hardly_changes_the_estimates(spilled: Example) -> None:
    section, large = fit(spilled, spilled.neighbours), replace(spilled.cells, stored=None)
    expected, result = (estimate_cells(cells, spilled.neighbours, section) for cells in (spilled.cells, large))
    np.testing.assert_allclose(result.foreign, expected.foreign, atol=5e-4)
    np.testing.assert_allclose(result.null, expected.null, atol=5e-4)
    np.testing.assert_allclose(result.lead, expected.lead, atol=5e-3)


def test_nothing_is_detected_without_spill_over(clean: Example) -> None:
    result = fit(clean, clean.neighbours)
    assert not result.is_detected
    assert abs(result.z) < DETECTED


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_share_near_zero_is_not_evidence(alike: Example, seed: int) -> None:
    places = np.random.default_rng(seed).permutation(alike.section.obsm["spatial"])
    neighbours = Neighbourhoods.find(places, np.zeros(len(places), dtype=np.intp), alike.cells.totals)
    result = fit(alike, neighbours)
    sizes = alike.cells.sizes(alike.cells.rows, neighbours)
    assert (result.shares @ SHARES)[sizes].mean() < MIN_SHARE / 2
    assert result.z == 0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_is_detected_at_permuted_coordinates(spilled: Example, seed: int) -> None:
    places = np.random.default_rng(seed).permutation(spilled.section.obsm["spatial"])
    neighbours = Neighbourhoods.find(places, np.zeros(len(places), dtype=np.intp), spilled.cells.totals)
    assert not fit(spilled, neighbours).is_detected


def test_received_counts_are_those_of_the_shares(spilled: Example) -> None:
    cells, neighbours = spilled.cells, spilled.neighbours
    shares = estimate_cells(cells, neighbours, fit(spilled, neighbours))
    assert shares.received.sum() == pytest.approx(float(cells.totals @ shares.foreign), rel=1e-3)
    assert (np.diag(shares.received) == 0).all()


def test_cells_without_neighbours_have_no_share(spilled: Example) -> None:
    places = spilled.section.obsm["spatial"].astype(float).copy()
    places[3] = np.nan
    neighbours = Neighbourhoods.find(places, np.zeros(len(places), dtype=np.intp), spilled.cells.totals)
    shares = estimate_cells(spilled.cells, neighbours, fit(spilled, neighbours))
    assert shares.foreign[3] == shares.null[3] == 0
    assert (shares.foreign[:3] > 0).all()
