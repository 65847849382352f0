"""From training cells to a model."""

from pathlib import Path
from typing import Any

from prefect import task

from spatialcore.annotation import stages
from spatialcore.annotation.run_config import RunConfig
from tasks.anndata_io import read_cells
from tasks.cache_keys import settings_digest, stage_key
from tasks.prepare import MATRIX
from tasks.retries import CLOUD
from tasks.schemas import StageResult
from tasks.stage_cache import cached_stage, local


@task(name="train", **CLOUD)
def train(config: RunConfig, balanced: StageResult, panel: StageResult) -> StageResult:
    """Train the model for this panel, matched to the queries' platform, and calibrate it."""
    sample = panel.files.get("sample.h5ad")

    def make(folder: Path) -> dict[str, Any]:
        import anndata as ad

        query = None if sample is None else ad.read_h5ad(local(sample))
        training = read_cells(balanced.files["balanced.h5ad"], balanced.files[MATRIX])
        summary = stages.train(training, query, config, folder / f"{config.tissue}.pkl")
        return {"artifact": f"{config.tissue}.pkl", "classes": summary["classes"], "n_genes": len(summary["genes"])}

    inputs = [
        balanced.files[MATRIX].sha256,
        balanced.files["balanced.h5ad"].sha256,
        "" if sample is None else sample.sha256,
    ]
    return cached_stage(config.store, "train", stage_key("train", settings_digest("train", config), inputs), make)
