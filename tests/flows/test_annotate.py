"""The flow that annotates samples with a published model."""

from pathlib import Path

import pandas as pd
import pytest

from flows.annotate import annotate
from flows.parameters import AnnotateParameters
from spatialcore.errors import FileMissingError
from tasks.schemas import RunManifest
from tasks.stage_cache import local


def config_for(blood_run: RunManifest, query: Path) -> AnnotateParameters:
    queries = [{"uri": str(query), "sample": "another"}]
    store = blood_run.uri.partition("/runs/")[0]
    return AnnotateParameters(queries=queries, store=store, tissue="blood", generate_plots=False)


def test_the_model_in_use_gives_the_same_calls_as_the_run_that_trained_it(
    blood: Path, blood_run: RunManifest, computed_stages: list[str]
) -> None:
    run = annotate(config_for(blood_run, blood / "query.h5ad"))
    assert "train" not in computed_stages
    assert run.model_version == blood_run.model_version
    calls = [pd.read_parquet(local(each.samples[0].files["calls.parquet"])) for each in (blood_run, run)]
    pd.testing.assert_frame_equal(*calls)


def test_an_unknown_tissue_is_an_error(tmp_path: Path) -> None:
    config = AnnotateParameters(queries=[{"uri": "query.h5ad"}], store=str(tmp_path), tissue="moon")
    with pytest.raises(FileMissingError, match="moon"):
        annotate(config)
