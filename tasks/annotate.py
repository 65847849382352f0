"""From a query and a model to calls, and from calls to the ones that are kept."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prefect import task

from spatialcore.annotation import stages
from spatialcore.annotation.run_config import RunConfig
from tasks.anndata_io import keep_in_memory, read_cells, read_data, write_cells
from tasks.cache_keys import settings_digest, stage_key
from tasks.models import published_uri
from tasks.retries import CLOUD
from tasks.schemas import StageResult
from tasks.stage_cache import cached_stage, link_files, local

if TYPE_CHECKING:
    from anndata import AnnData


CELLS: Final = "query.h5ad"


@task(task_run_name="annotate {query.facts[sample]}", **CLOUD)
def annotate(config: RunConfig, query: StageResult, model: StageResult, training: StageResult | None) -> StageResult:
    """Call every cell of a query. No call is filtered yet."""

    def make(folder: Path) -> dict[str, Any]:
        adata = read_data(query.files[CELLS])
        link_files(model.files.items(), folder / ".model")
        stages.annotate(adata, folder / ".model" / model.facts["artifact"], config)
        _record(adata, published_uri(config.store, config.tissue, model), training)
        for link in (folder / ".model").iterdir():
            link.unlink()
        write_cells(adata, folder / "calls.h5ad")
        keep_in_memory(key, adata)
        return {"n_obs": adata.n_obs}

    inputs = [query.identity, model.identity, "" if training is None else training.identity]
    key = stage_key("annotate", settings_digest("annotate", config), inputs)
    carried = {CELLS: query.files[CELLS]}
    return cached_stage(config.store, "annotate", key, make, carried=carried, **_of(query))


@task(task_run_name="keep confident calls of {calls.facts[sample]}", **CLOUD)
def keep_confident(config: RunConfig, calls: StageResult) -> StageResult:
    """Leave calls below the threshold unassigned, and write the files that users open."""

    def make(folder: Path) -> dict[str, Any]:
        from spatialcore.annotation import run_manifest
        from spatialcore.workflow.run import write_sample

        adata = read_cells(calls.files["calls.h5ad"], calls.files[CELLS])
        run_manifest.record(adata, **run_manifest.describe_run(config))
        stages.keep_confident(adata, config)
        written = write_sample(adata, folder)
        keep_in_memory(key, adata)
        return written

    key = stage_key("keep_confident", settings_digest("keep_confident", config), [calls.identity])
    return cached_stage(config.store, "keep_confident", key, make, **_of(calls))


def _of(result: StageResult) -> dict[str, Any]:
    """Return which sample a result is of: this belongs to who asked, two samples may be alike."""
    return {name: result.facts[name] for name in ("sample", "source")}


def _record(adata: "AnnData", model_uri: str, training: StageResult | None) -> None:
    """Say in the data where the model lies for good, and what it was trained on."""
    from spatialcore.annotation import run_manifest

    part = {} if training is None else json.loads(local(training.files["training.json"]).read_text())
    run_manifest.record(adata, model_path=model_uri, **part)
