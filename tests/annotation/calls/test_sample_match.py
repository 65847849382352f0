"""A model of a cohort is matched to the sample that is annotated."""

import logging

import numpy as np
import pytest
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.calls.sample_match import match_sample
from spatialcore.annotation.explain.calls import explain_calls
from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.query import open_query
from spatialcore.plotting.manifest import model_card
from tests.annotation.cohort_data import call


def test_each_sample_is_recognised_by_all_or_part_of_its_cells(samples: dict[str, AnnData], cohort_model: str) -> None:
    loaded = load_model(cohort_model)
    for name, sample in samples.items():
        for cells in (sample, sample[::4].copy()):
            matched = match_sample(loaded, open_query(cells, loaded.genes))
            assert matched.metadata["sample"] == {"name": name, "unlike": ""}


def test_the_call_of_a_cell_is_the_same_with_other_cells_of_its_sample(
    samples: dict[str, AnnData], cohort_model: str
) -> None:
    sample = samples["sample 1"]
    full = call(sample, cohort_model).obs[columns.PREDICTED].astype(str)
    part = call(sample[::2].copy(), cohort_model).obs[columns.PREDICTED].astype(str)
    assert full[part.index].tolist() == part.tolist()


def test_samples_are_scored_differently(samples: dict[str, AnnData], cohort_model: str) -> None:
    loaded = load_model(cohort_model)
    shallow, deep = loaded.for_sample("sample 0"), loaded.for_sample("sample 7")
    assert shallow.target_sum < deep.target_sum
    assert np.array_equal(shallow.linear.coef, loaded.linear.coef)
    assert not np.allclose(shallow.linear.mean, deep.linear.mean)
    assert loaded.for_sample("no such sample") is loaded


def test_another_platform_gets_the_common_calibration_and_a_warning(
    samples: dict[str, AnnData], cohort_model: str, caplog: pytest.LogCaptureFixture
) -> None:
    rng = np.random.default_rng(0)
    other = samples["sample 4"].copy()
    other.X = other.X.multiply(rng.lognormal(0, 2.5, other.n_vars)).ceil().tocsr()
    with caplog.at_level(logging.WARNING):
        annotate_celltypist(other, custom_model_path=cohort_model, confidence_transform="calibrated")
    assert "these cells differ from the samples for which the model was trained" in caplog.text
    card = model_card(other)
    assert card["sample"]["name"] == ""
    assert card["target_sum"] == load_model(cohort_model).target_sum


def test_calls_are_explained_by_the_weights_of_their_sample(samples: dict[str, AnnData], cohort_model: str) -> None:
    called = call(samples["sample 5"], cohort_model)
    explained = explain_calls(called, called.obs_names[:3])
    for name, rows in explained.groupby("cell"):
        scores = np.sort(called[name].obsm[columns.DECISION_SCORES][0])
        assert rows["contribution"].sum() == pytest.approx(scores[-1] - scores[-2], abs=1e-6)
