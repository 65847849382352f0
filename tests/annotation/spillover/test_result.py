"""The estimate with a model, and its effect on the confidence."""

from dataclasses import replace

import numpy as np
import pytest
from anndata import AnnData
from scipy.special import logit

from spatialcore.annotation.query import open_query
from spatialcore.annotation.spillover.result import estimate_spill_over, why_unavailable
from spatialcore.annotation.spillover.second_type import SecondTypes
from tests.annotation.spillover.conftest import Example


def reason(adata: AnnData, example: Example) -> str:
    return why_unavailable(adata, example.model, open_query(adata, example.model.genes))


def test_confidence_falls_if_the_type_of_a_neighbour_explains_the_cell_better(spilled: Example) -> None:
    estimate = estimate_spill_over(spilled.section, spilled.model, spilled.cells.query)
    assert estimate is not None
    assert estimate.estimates is not None
    before = np.full(spilled.section.n_obs, 0.9)
    after = estimate.recalibrate(before)
    doubted = estimate.estimates.lead < -1
    assert doubted.any()
    assert after[doubted].max() < 0.85
    best = np.array(spilled.model.classes)[estimate.cells.probabilities.argmax(axis=1)]
    wrong = best != spilled.section.obs["true_cell_type"].astype(str).to_numpy()
    assert after[wrong].mean() < after[~wrong].mean()


def test_confidence_rises_with_that_of_the_cell_by_itself_and_stays_for_cells_without_counts(spilled: Example) -> None:
    estimate = estimate_spill_over(spilled.section, spilled.model, spilled.cells.query)
    assert estimate is not None
    low, high = (estimate.recalibrate(np.full(spilled.section.n_obs, value)) for value in (0.5, 0.9))
    assert (low < high).all()
    assert np.max(logit(low)) <= 0.3 + 0.45 + 1e-9  # .3 x 1.5 for the counts
    assert np.min(logit(low)) >= 0.3 - 0.45 - 1e-9
    without = replace(
        estimate, cells=replace(estimate.cells, rows=estimate.cells.rows[1:]), second=first_left_out(estimate.second)
    )
    assert without.recalibrate(np.zeros(spilled.section.n_obs))[0] == 0


def test_a_call_from_few_counts_is_less_sure(spilled: Example) -> None:
    estimate = estimate_spill_over(spilled.section, spilled.model, spilled.cells.query)
    assert estimate is not None
    fewer = replace(estimate, cells=replace(estimate.cells, totals=estimate.cells.totals / 2))
    before = np.full(spilled.section.n_obs, 0.9)
    less, more = fewer.recalibrate(before), estimate.recalibrate(before)
    few, many = 150 * np.exp(-1.5), 150 * np.exp(1.5)
    totals = estimate.cells.totals
    np.testing.assert_array_equal(less < more, (totals > few) & (totals / 2 < many))
    middle = (totals / 2 > few) & (totals < many)
    assert middle.mean() > 0.3
    np.testing.assert_allclose((logit(more) - logit(less))[middle], 0.3 * np.log(2))


def test_the_confidence_agrees_with_the_formula(spilled: Example) -> None:
    """A smaller second type, foreign counts and a better class each shrink a positive logit, and no negative one."""
    estimate = estimate_spill_over(spilled.section, spilled.model, spilled.cells.query)
    assert estimate is not None
    assert estimate.estimates is not None
    assert estimate.second is not None
    before = np.linspace(0.1, 0.95, spilled.section.n_obs)
    after, cells = estimate.recalibrate(before), estimate.cells
    for i in range(0, len(before), 7):
        z, d = logit(before[i]), min(max(float(estimate.estimates.lead[i]), -4), 0)
        second, share = int(estimate.second.classes[i]), float(estimate.second.shares[i])
        ratio = np.log(cells.type_sizes[cells.best[i]] / cells.type_sizes[second])
        smaller = min(5 * share, 1) * min(max(ratio, 0), 2) if second >= 0 else 0
        if z > 0:
            z *= np.exp(-0.9 * smaller - 1.5 * estimate.estimates.foreign[i] + 0.35 * d)
        z = 0.3 + 1.2 * z + 0.3 * min(max(np.log(cells.totals[i] / 150), -1.5), 1.5)
        assert logit(after[i]) == pytest.approx(z, abs=1e-5)


def first_left_out(second: SecondTypes | None) -> SecondTypes | None:
    return None if second is None else SecondTypes(second.classes[1:], second.shares[1:])


def test_a_clean_section_keeps_its_confidence(clean: Example) -> None:
    estimate = estimate_spill_over(clean.section, clean.model, clean.cells.query)
    assert estimate is not None
    confidence = np.linspace(0, 1, clean.section.n_obs)
    np.testing.assert_array_equal(estimate.recalibrate(confidence), confidence)
    described = estimate.describe(clean.model.classes)
    assert described["available"]
    assert not described["detected"]
    assert described["foreign_share"] == 0


def test_the_table_of_types_has_the_sources_of_spill_over(spilled: Example) -> None:
    estimate = estimate_spill_over(spilled.section, spilled.model, spilled.cells.query)
    assert estimate is not None
    received = estimate.describe(spilled.model.classes)["received"]
    assert set(received) == set(spilled.model.classes)
    total = sum(sum(row.values()) for row in received.values())
    truth = (spilled.section.obs["true_foreign_share"] * spilled.cells.totals).sum()
    assert total == pytest.approx(truth, rel=0.25)


def test_reasons_for_no_estimate(spilled: Example) -> None:
    adata = spilled.section.copy()
    assert reason(adata, spilled) == ""
    assert "too few" in reason(adata[:50].copy(), spilled)
    del adata.obsm["spatial"]
    assert "no coordinates" in reason(adata, spilled)


def test_models_without_profiles_or_platform_give_a_reason(spilled: Example) -> None:
    query = spilled.cells.query
    bare = replace(spilled.model, profiles=None)
    assert "class profiles" in why_unavailable(spilled.section, bare, query)
    unmatched = replace(spilled.model, metadata={"platform": {"matched_to": "nothing"}})
    assert "not matched" in why_unavailable(spilled.section, unmatched, query)


def test_a_model_that_did_not_record_its_background_uses_that_of_the_query(spilled: Example) -> None:
    assert spilled.model.background is not None
    older = replace(spilled.model, background=None)
    one, other = (estimate_spill_over(spilled.section, m, spilled.cells.query) for m in (spilled.model, older))
    assert one is not None
    assert other is not None
    assert one.fit.z == pytest.approx(other.fit.z, rel=0.05)
