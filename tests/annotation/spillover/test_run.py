"""Results of a run about spill-over."""

import json

import numpy as np
import pytest
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.calls.prediction import Prediction
from spatialcore.annotation.query import open_query
from spatialcore.annotation.spillover.run import estimate_for_run, mark_mixed
from tests.annotation.spillover.conftest import Example


def annotated(example: Example, adata: AnnData | None = None, **settings: object) -> AnnData:
    query = example.section if adata is None else adata
    options = {"confidence_transform": "calibrated", "min_confidence": 0.8} | settings
    return annotate_celltypist(query, custom_model_path=example.path, copy=True, **options)  # type: ignore[arg-type]


def manifest(adata: AnnData) -> dict:
    return json.loads(adata.uns[columns.MANIFEST]["spill_over_json"])


def test_columns_agree_with_the_truth_and_the_manifest(spilled: Example) -> None:
    obs = annotated(spilled).obs
    assert np.corrcoef(obs["foreign_share"], obs["true_foreign_share"])[0, 1] > 0.6
    held = (obs["second_type"] != "") & (obs["true_foreign_share"] > 0.25)
    held &= obs["cell_type_predicted"].astype(str) == obs["true_cell_type"].astype(str)
    assert held.sum() > 100
    assert (obs["second_type"].astype(str) == obs["true_second_type"].astype(str))[held].mean() > 0.7
    assert obs["second_type_share"].between(0, 1).all()
    figures = manifest(annotated(spilled))
    assert figures["detected"]
    assert figures["foreign_share"] == pytest.approx(spilled.section.obs["true_foreign_share"].mean(), abs=0.06)


def test_runs_are_deterministic(spilled: Example) -> None:
    one, other = annotated(spilled), annotated(spilled)
    for name in columns.SPILL_OVER_COLUMNS:
        np.testing.assert_array_equal(one.obs[name], other.obs[name])


def test_uncertain_mixtures_have_the_reason_mixed(spilled: Example) -> None:
    obs = annotated(spilled, min_confidence=0.9).obs
    mixed = obs["cell_type_unassigned_reason"] == "mixed"
    assert mixed.sum() > 5
    assert (obs["second_type_share"][mixed] >= 0.2).all()
    assert (obs["cell_type"][mixed] == "Unassigned").all()
    assert obs["true_foreign_share"][mixed].mean() > 1.3 * obs["true_foreign_share"].mean()


def test_a_clean_section_has_no_shares(clean: Example) -> None:
    result = annotated(clean)
    assert (result.obs["foreign_share"] == 0).all()
    assert (result.obs["second_type"] == "").all()
    assert "mixed" not in set(result.obs["cell_type_unassigned_reason"])
    assert not manifest(result)["detected"]


def test_permuted_coordinates_give_no_spill_over(spilled: Example) -> None:
    adata = spilled.section.copy()
    adata.obsm["spatial"] = np.random.default_rng(0).permutation(adata.obsm["spatial"])
    assert annotated(spilled, adata).obs["foreign_share"].max() == 0


@pytest.mark.parametrize("places", ["absent", "one place", "far apart in three dimensions", "pixels"])
def test_calls_do_not_depend_on_unusual_coordinates(spilled: Example, places: str) -> None:
    adata = spilled.section.copy()
    xy = adata.obsm.pop("spatial")
    if places == "one place":
        adata.obsm["spatial"] = np.zeros_like(xy)
    elif places == "far apart in three dimensions":
        adata.obsm["spatial"] = np.column_stack([xy * 10, np.zeros(len(xy))])
        adata.uns["spatialcore_source"] = {"unit": "um"}
    elif places == "pixels":
        adata.obsm["spatial"] = xy * 8.0
        adata.uns["spatialcore_source"] = {"unit": "px"}
    result, expected = annotated(spilled, adata), annotated(spilled)
    assert (result.obs["cell_type_predicted"] == expected.obs["cell_type_predicted"]).all()
    stated = manifest(result)
    if places in ("absent", "one place"):
        assert stated["reason"]
        assert "foreign_share" not in result.obs
    else:
        assert stated["warning"]
        np.testing.assert_allclose(result.obs["foreign_share"], expected.obs["foreign_share"], atol=1e-3)


def test_columns_of_an_earlier_run_are_removed(spilled: Example) -> None:
    result = annotated(spilled)
    del result.obsm["spatial"]
    repeated = annotated(spilled, result)
    assert not set(columns.SPILL_OVER_COLUMNS) & set(repeated.obs)


def test_only_calibrated_confidence_changes(spilled: Example) -> None:
    with_places, without = spilled.section, spilled.section.copy()
    del without.obsm["spatial"]
    one, other = (annotated(spilled, adata, confidence_transform="zscore") for adata in (with_places, without))
    np.testing.assert_array_equal(one.obs["cell_type_confidence"], other.obs["cell_type_confidence"])
    assert (one.obs["foreign_share"] > 0).any()


def test_data_without_the_columns_have_no_mixed_cells() -> None:
    assert mark_mixed(AnnData(np.ones((3, 2)))) == 0


def test_confidence_does_not_rise_where_the_references_do_not_fit(spilled: Example) -> None:
    model = spilled.model
    estimated = estimate_for_run(spilled.section, [(model, open_query(spilled.section, model.genes))])
    n = spilled.section.n_obs
    low = Prediction(
        np.zeros(n, np.int32), np.full(n, 0.5), np.ones(n), np.zeros(n, np.float32), np.empty((n, 0)), np.empty((n, 0))
    )
    free, held = (estimated.recalibrate(low, may_rise=yes).confidence for yes in (True, False))
    assert free.max() > 0.5
    np.testing.assert_array_equal(held, np.minimum(free, 0.5))
