"""The flow that annotates the pending samples of a folder."""

import logging
import shutil
from pathlib import Path

import anndata as ad
import pytest
from prefect import State

from flows.annotate_pending import annotate_pending
from flows.parameters import AnnotatePendingParameters
from spatialcore.errors import FileMissingError
from tasks.schemas import RunManifest


@pytest.fixture
def store(blood_run: RunManifest, tmp_path: Path) -> Path:
    """Return a copy of a store with a model in use."""
    return shutil.copytree(Path(blood_run.uri).parents[2], tmp_path / "store")


def parameters(samples: Path, store: Path) -> AnnotatePendingParameters:
    samples.mkdir(exist_ok=True)
    return AnnotatePendingParameters(samples=str(samples), store=str(store), tissue="blood", generate_plots=False)


def manifest_of(state: State[RunManifest]) -> RunManifest:
    result = state.result()
    assert isinstance(result, RunManifest)
    return result


def test_a_sample_is_annotated_once_per_version(
    blood: Path, store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pending = parameters(tmp_path / "samples", store)
    for name in ("a", "b"):  # with the same content
        shutil.copy(blood / "query.h5ad", tmp_path / "samples" / f"{name}.h5ad")
    assert [manifest_of(state).samples[0].sample for state in annotate_pending(pending)] == ["a", "b"]
    with caplog.at_level(logging.INFO):
        assert annotate_pending(pending) == []
    assert f"all samples in {tmp_path / 'samples'} are annotated with the model in use" in caplog.text
    ad.read_h5ad(blood / "query.h5ad")[:-5].copy().write_h5ad(tmp_path / "samples" / "a.h5ad")
    (state,) = annotate_pending(pending)
    assert (manifest_of(state).samples[0].sample, manifest_of(state).samples[0].n_obs) == ("a", 787)
    assert annotate_pending(pending) == []


def test_a_sample_that_cannot_be_read_does_not_stop_the_others(blood: Path, store: Path, tmp_path: Path) -> None:
    pending = parameters(tmp_path / "samples", store)
    (tmp_path / "samples" / "a.h5ad").write_text("not HDF5")
    shutil.copy(blood / "query.h5ad", tmp_path / "samples" / "b.h5ad")
    before = set((store / "runs").glob("*/manifest.json"))
    state = annotate_pending(pending, return_state=True)
    assert state.is_failed()
    (manifest,) = set((store / "runs").glob("*/manifest.json")) - before
    assert (manifest.parent / "b" / "annotated.h5ad").is_file()


def test_a_tissue_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=r"has no model in use for blood(.|\n)*run train_and_annotate first"):
        annotate_pending(parameters(tmp_path / "samples", tmp_path / "store"))
