"""Annotation of several samples with one model."""

from pathlib import Path
from typing import Any

import anndata as ad
import pandas as pd
import pytest
from prefect import flow

from flows.samples import THREADS, annotate_samples
from spatialcore.annotation.run_config import RunConfig
from spatialcore.errors import GeneOverlapError
from tasks.acquire import read_query
from tasks.models import find_model
from tasks.schemas import RunManifest, Sample
from tasks.stage_cache import local
from tests.flows.conftest import blood_config


@flow(name="samples", task_runner=THREADS, validate_parameters=False)
def annotate(config: RunConfig) -> list[Sample]:
    _, model = find_model(config.store, config.tissue, "current")
    return annotate_samples(config, [read_query.submit(config, query).result() for query in config.queries], model)


def config_with(blood: Path, run: RunManifest, queries: dict[str, Path], **settings: Any) -> RunConfig:
    items = [{"uri": str(path), "sample": name} for name, path in queries.items()]
    return blood_config(blood, Path(run.uri).parents[2], queries=items, **settings)


def test_results_have_the_order_of_the_queries_and_plots_if_requested(
    blood: Path, blood_run: RunManifest, tmp_path: Path
) -> None:
    ad.read_h5ad(blood / "query.h5ad")[:40].copy().write_h5ad(tmp_path / "small.h5ad")
    queries = {"large": blood / "query.h5ad", "small": tmp_path / "small.h5ad"}
    samples = annotate(config_with(blood, blood_run, queries))
    assert [annotated.sample for annotated, _ in samples] == ["large", "small"]
    assert [annotated.facts["n_obs"] for annotated, _ in samples] == [792, 40]
    assert [plots for _, plots in samples] == [None, None]
    calls = pd.read_parquet(local(samples[0][0].files["calls.parquet"]))
    pd.testing.assert_frame_equal(calls, pd.read_parquet(local(blood_run.samples[0].files["calls.parquet"])))


def test_the_error_of_the_failed_stage_is_raised(blood: Path, blood_run: RunManifest, tmp_path: Path) -> None:
    """Not the errors of later stages, which do not run."""
    query = ad.read_h5ad(blood / "query.h5ad")
    query.var_names = [f"unknown{number}" for number in range(query.n_vars)]
    query.write_h5ad(tmp_path / "query.h5ad")
    with pytest.raises(GeneOverlapError):
        annotate(config_with(blood, blood_run, {"unknown": tmp_path / "query.h5ad"}, generate_plots=True))
