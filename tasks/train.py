"""Train the model."""

from pathlib import Path

from prefect import task
from pydantic import JsonValue

from spatialcore.annotation import stages
from spatialcore.annotation.run_config import RunConfig
from spatialcore.core.text.names import slug_of
from tasks.anndata_io import read_cells
from tasks.cache_keys import settings_digest, stage_key
from tasks.in_memory import REFERENCES
from tasks.retries import CLOUD
from tasks.schemas import Panel, TrainedModel, TrainingCells
from tasks.stage_cache import cached_stage, local


@task(name="train", **CLOUD)
def train(config: RunConfig, training: TrainingCells, panel: Panel) -> TrainedModel:
    """Train a model on the panel genes, matched to the platform of the queries, and calibrate it."""

    def make(folder: Path) -> dict[str, JsonValue]:
        import anndata as ad

        query = None if panel.cells is None else ad.read_h5ad(local(panel.cells))
        cells = read_cells(training.cells, training.counts)
        artifact = f"{slug_of(config.tissue)}.pkl"
        trained = stages.train(cells, query, config, folder / artifact)
        return {"artifact": artifact, "classes": [*trained["classes"]], "n_genes": len(trained["genes"])}

    inputs = [training.counts.sha256, training.cells.sha256, "" if panel.cells is None else panel.cells.sha256]
    key = stage_key("train", settings_digest("train", config), inputs)
    trained = cached_stage(TrainedModel, config.store, key, make)
    REFERENCES.take(training.counts)  # not needed any more, also where the model comes from the store
    return trained
