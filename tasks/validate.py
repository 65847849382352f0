"""The plots and the report by which a biologist judges a sample."""

from pathlib import Path
from typing import Any

from prefect import task

from spatialcore.annotation import stages
from spatialcore.annotation.run_config import RunConfig
from tasks.anndata_io import read_data
from tasks.cache_keys import settings_digest, stage_key
from tasks.retries import CLOUD
from tasks.schemas import StageResult
from tasks.stage_cache import cached_stage


@task(task_run_name="plot {kept.facts[sample]}", **CLOUD)
def plot(config: RunConfig, kept: StageResult) -> StageResult:
    """Draw the validation plots and write the report."""

    def make(folder: Path) -> dict[str, Any]:
        adata = read_data(kept.files["annotated.h5ad"])
        figures = stages.plot(adata, config, folder / "plots")
        stages.report(adata, folder / "report.html", config=config, figures=figures)
        return {"figures": sorted(figures)}

    key = stage_key("plot", settings_digest("plot", config), [kept.identity])
    return cached_stage(config.store, "plot", key, make, sample=kept.facts["sample"])
