"""Draw the validation plots of a sample and write its report."""

from pathlib import Path

from prefect import task
from pydantic import JsonValue

from spatialcore.annotation import stages
from spatialcore.annotation.run_config import RunConfig
from tasks.anndata_io import take_query
from tasks.cache_keys import settings_digest, stage_key
from tasks.retries import CLOUD
from tasks.schemas import AnnotatedSample, SamplePlots
from tasks.stage_cache import cached_stage


@task(task_run_name="plot {annotated.sample}", **CLOUD)
def plot(config: RunConfig, annotated: AnnotatedSample) -> SamplePlots:
    """Draw the validation plots and write the report."""

    def make(folder: Path) -> dict[str, JsonValue]:
        adata = take_query(annotated.data)
        figures = stages.plot(adata, config, folder / "plots")
        stages.report(adata, folder / "report.html", config=config, figures=figures, sample=annotated.sample)
        return {"figures": [str(name) for name in sorted(figures["figures"])]}

    key = stage_key("plot", settings_digest("plot", config), [annotated.identity, annotated.sample])
    return cached_stage(SamplePlots, config.store, key, make, sample=annotated.sample)
