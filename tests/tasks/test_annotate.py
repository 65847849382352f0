"""The annotation tasks give the same calls as a run without a server."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.workflow.run import run
from tasks.annotate import annotate, keep_confident
from tasks.stage_cache import local
from tests.tasks.conftest import StageResults, result_of


@pytest.fixture(scope="module")
def without_server(stage_results: StageResults, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run the same configuration with the library alone and return its store."""
    store = str(tmp_path_factory.mktemp("library"))
    run(stage_results.config.model_copy(update={"store": store, "generate_plots": False}))
    return store


@pytest.mark.parametrize("number", [0, 1])
def test_calls_are_those_of_a_run_without_a_server(
    stage_results: StageResults, without_server: str, number: int
) -> None:
    annotated = stage_results.annotated[number]
    calls = pd.read_parquet(local(annotated.files["calls.parquet"]))
    expected = pd.read_parquet(f"{without_server}/query_{number}/calls.parquet")
    pd.testing.assert_frame_equal(calls, expected)
    composition = expected[columns.CELL_TYPE].astype(str).value_counts().to_dict()
    assert annotated.facts["composition"] == composition
    assert annotated.facts["n_assigned"] == len(expected) - composition.get(columns.UNASSIGNED, 0)


def test_calls_are_filtered_by_the_second_task(stage_results: StageResults) -> None:
    every = ad.read_h5ad(local(stage_results.calls[0].calls)).obs
    threshold = float(every[columns.CONFIDENCE].median())
    config = stage_results.config.model_copy(update={"confidence_threshold": threshold})
    filtered = ad.read_h5ad(local(result_of(keep_confident, config, stage_results.calls[0]).data)).obs
    below = every[columns.CONFIDENCE] < threshold
    assert 0 < below.sum() < len(below)
    assert (filtered[columns.CELL_TYPE] == columns.UNASSIGNED).to_numpy().tolist() == below.to_numpy().tolist()
    np.testing.assert_array_equal(filtered[columns.CONFIDENCE], every[columns.CONFIDENCE])


def test_the_data_record_the_published_model_and_its_training(stage_results: StageResults) -> None:
    manifest = ad.read_h5ad(local(stage_results.annotated[0].data)).uns[columns.MANIFEST]
    assert manifest["model_path"].startswith(f"{stage_results.config.store}/models/blood/")
    assert manifest["model_sha256"] == stage_results.model.files["blood.pkl"].sha256


def test_a_sample_with_the_same_content_uses_the_cached_calls(
    stage_results: StageResults, computed_stages: list[str]
) -> None:
    query = stage_results.queries[0]
    renamed = query.model_copy(update={"facts": {**query.facts, "sample": "renamed"}})
    calls = result_of(annotate, stage_results.config, renamed, stage_results.model, stage_results.training)
    assert computed_stages == []
    assert (calls.sample, calls.files) == ("renamed", stage_results.calls[0].files)
