"""The annotation tasks give the same calls as a run without a server."""

from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.io import on_disk
from spatialcore.workflow.run import run
from tasks.acquire import read_query
from tasks.annotate import annotate, keep_confident
from tasks.in_memory import LatestResult
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


@pytest.mark.parametrize("source", ["memory", "disk"])
def test_counts_that_stay_in_their_file_give_the_same_output(
    stage_results: StageResults, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_disk, "LARGE", 1)
    if source == "disk":
        monkeypatch.setattr(LatestResult, "keep", lambda *_: None)
    config = stage_results.config.model_copy(update={"store": str(tmp_path / "store")})
    query = result_of(read_query, config, config.queries[0])
    calls = result_of(annotate, config, query, stage_results.model, stage_results.training)
    file = local(result_of(keep_confident, config, calls).data)
    annotated, expected = ad.read_h5ad(file), ad.read_h5ad(local(stage_results.annotated[0].data))
    with h5py.File(file) as written:
        assert written["X/data"].compression is None  # the bytes of the source, which is not compressed
    assert (annotated.X != expected.X).nnz == 0
    called = [name for name in columns.CALL_COLUMNS if name in expected.obs]
    pd.testing.assert_frame_equal(annotated.obs[called], expected.obs[called])


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
