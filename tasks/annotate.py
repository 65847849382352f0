"""Call the cells of a query, filter the calls, and write the output files of a sample."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from prefect import task
from pydantic import JsonValue

from spatialcore.annotation import stages
from spatialcore.annotation.run_config import RunConfig
from tasks.anndata_io import read_calls, take_query, write_calls
from tasks.cache_keys import settings_digest, stage_key
from tasks.in_memory import QUERY
from tasks.models import published_uri
from tasks.retries import CLOUD
from tasks.schemas import AnnotatedSample, CellCalls, QueryCells, TrainedModel, TrainingCells
from tasks.stage_cache import cached_stage, link_files, local

if TYPE_CHECKING:
    from anndata import AnnData


@task(task_run_name="annotate {query.sample}", **CLOUD)
def annotate(config: RunConfig, query: QueryCells, model: TrainedModel, training: TrainingCells | None) -> CellCalls:
    """Call every cell of a query; :func:`keep_confident` filters the calls."""

    def make(folder: Path) -> dict[str, JsonValue]:
        adata = take_query(query.data)
        link_files(model.files.items(), folder / ".model")
        stages.annotate(adata, folder / ".model" / model.artifact, config)
        _record(adata, published_uri(config.store, config.tissue, model), training)
        for link in (folder / ".model").iterdir():
            link.unlink()
        write_calls(adata, folder / CellCalls.CALLS)
        QUERY.keep(key, adata)
        return {"n_obs": adata.n_obs}

    inputs = [query.identity, model.identity, "" if training is None else training.identity]
    key = stage_key("annotate", settings_digest("annotate", config), inputs)
    return cached_stage(
        CellCalls,
        config.store,
        key,
        make,
        carried={CellCalls.DATA: query.data},
        sample=query.sample,
        source=query.source,
    )


@task(task_run_name="keep confident calls of {calls.sample}", **CLOUD)
def keep_confident(config: RunConfig, calls: CellCalls) -> AnnotatedSample:
    """Set calls below the confidence threshold to Unassigned and write the output files of the sample."""

    def make(folder: Path) -> dict[str, JsonValue]:
        from spatialcore.annotation import run_manifest
        from spatialcore.workflow.run import write_sample

        adata = read_calls(calls.calls, calls.data)
        run_manifest.record(adata, **run_manifest.describe_run(config))
        stages.keep_confident(adata, config)
        counts = write_sample(adata, folder)
        QUERY.keep(key, adata)
        return {"n_obs": counts.cells, "n_assigned": counts.assigned, "composition": dict(counts.composition)}

    key = stage_key("keep_confident", settings_digest("keep_confident", config), [calls.identity])
    return cached_stage(AnnotatedSample, config.store, key, make, sample=calls.sample, source=calls.source)


def _record(adata: "AnnData", model_uri: str, training: TrainingCells | None) -> None:
    """Record in the data where the model is published and what it was trained on."""
    from spatialcore.annotation import run_manifest

    description = {} if training is None else json.loads(local(training.manifest).read_text())
    run_manifest.record(adata, model_path=model_uri, **description)
