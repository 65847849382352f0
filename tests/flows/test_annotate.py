"""New samples for a model that is there; references fetched to a place of one's own."""

import shutil
from pathlib import Path

import anndata as ad
import pandas as pd
import pytest
from prefect import State

from flows.acquire_references import acquire_references
from flows.annotate import annotate
from flows.annotate_pending import annotate_pending
from flows.parameters import AcquireParameters, AnnotateParameters, AnnotatePendingParameters
from flows.train_and_annotate import train_and_annotate
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import FileMissingError, GeneOverlapError
from tasks.schemas import RunManifest
from tasks.stage_cache import local
from tests.flows.conftest import blood_config


@pytest.fixture(scope="module")
def trained(blood: Path, tmp_path_factory: pytest.TempPathFactory) -> RunManifest:
    return train_and_annotate(blood_config(blood, tmp_path_factory.mktemp("store")))


def config_for(trained: RunManifest, query: Path) -> AnnotateParameters:
    queries = [{"uri": str(query), "sample": "again"}]
    store = trained.uri.partition("/runs/")[0]
    return AnnotateParameters(queries=queries, store=store, tissue="blood", generate_plots=False)


def test_the_model_in_use_gives_the_same_calls_as_its_own_run(
    blood: Path, trained: RunManifest, computed: list[str]
) -> None:
    again = annotate(config_for(trained, blood / "query.h5ad"))
    assert "train" not in computed
    assert again.model_version == trained.model_version
    calls = [pd.read_parquet(local(run.samples[0].files["calls.parquet"])) for run in (trained, again)]
    pd.testing.assert_frame_equal(*calls)


def test_a_sample_is_pending_until_it_is_annotated_as_it_is(blood: Path, tmp_path: Path) -> None:
    store, samples = str(tmp_path / "store"), tmp_path / "samples"
    train_and_annotate(blood_config(blood, store))
    samples.mkdir()
    for name in ("a", "b"):  # two of one content
        shutil.copy(blood / "query.h5ad", samples / f"{name}.h5ad")
    pending = AnnotatePendingParameters(samples=str(samples), store=store, tissue="blood", generate_plots=False)
    assert [manifest_of(state).samples[0].sample for state in annotate_pending(pending)] == ["a", "b"]
    assert annotate_pending(pending) == []
    ad.read_h5ad(samples / "a.h5ad")[:-5].copy().write_h5ad(samples / "a.h5ad")
    (again,) = annotate_pending(pending)
    assert (manifest_of(again).samples[0].sample, manifest_of(again).samples[0].n_obs) == ("a", 787)
    assert annotate_pending(pending) == []


def manifest_of(state: State[RunManifest]) -> RunManifest:
    result = state.result()
    assert isinstance(result, RunManifest)
    return result


def test_the_phase_that_failed_says_why(blood: Path, trained: RunManifest, tmp_path: Path) -> None:
    """Not the phases after it, which only know that they were not run."""
    query = ad.read_h5ad(blood / "query.h5ad")
    query.var_names = [f"unknown{number}" for number in range(query.n_vars)]
    query.write_h5ad(tmp_path / "query.h5ad")
    with pytest.raises(GeneOverlapError):
        annotate(config_for(trained, tmp_path / "query.h5ad"))


def test_an_unknown_tissue_is_named(tmp_path: Path) -> None:
    config = AnnotateParameters(queries=[{"uri": "query.h5ad"}], store=str(tmp_path), tissue="moon")
    with pytest.raises(FileMissingError, match="moon"):
        annotate(config)


def test_references_are_fetched_whole(blood: Path, tmp_path: Path) -> None:
    sources = sorted(blood.glob("pbmc68k_part*.h5ad"))
    config = AcquireParameters(
        references=[{"source": str(source), "output": str(tmp_path / source.name)} for source in sources]
    )
    outputs = acquire_references(config)
    assert [sha256_of_file(Path(output)) for output in outputs] == [sha256_of_file(source) for source in sources]
