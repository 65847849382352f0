"""Prepare the training cells: combine the references, map their labels, hold cells out, balance."""

import json
from pathlib import Path

from prefect import task
from pydantic import JsonValue

from spatialcore.annotation import stages
from spatialcore.annotation.run_config import RunConfig
from spatialcore.storage import StoredFile
from tasks.acquire import fetch, refuse_if_replaced
from tasks.anndata_io import have_counts, read_cells, view_query, write_cells, write_counts
from tasks.cache_keys import settings_digest, stage_key
from tasks.in_memory import REFERENCES
from tasks.local_folders import refuse_local
from tasks.retries import CLOUD
from tasks.schemas import (
    CombinedReferences,
    HeldOutSplit,
    MappedLabels,
    Panel,
    QueryCells,
    SourceVersion,
    TrainingCells,
)
from tasks.stage_cache import cached_stage, local

Facts = dict[str, JsonValue]


@task(name="gather the panel", **CLOUD)
def pool_queries(config: RunConfig, queries: list[QueryCells]) -> Panel:
    """Find the genes that all queries measure and draw some of their cells."""

    def make(folder: Path) -> Facts:
        from spatialcore.annotation.pooled_queries import pool_queries as pool

        pooled = pool((view_query(query.data) for query in queries), config)
        (folder / Panel.GENES).write_text("\n".join(pooled.panel) + "\n")
        if pooled.sample is not None:
            pooled.sample.write_h5ad(folder / Panel.CELLS)
        return {"n_genes": len(pooled.panel)}

    key = stage_key("gather", settings_digest("gather", config), [query.identity for query in queries])
    return cached_stage(Panel, config.store, key, make)


@task(name="combine references", **CLOUD)
def combine(config: RunConfig, panel: Panel, references: list[SourceVersion]) -> CombinedReferences:
    """Read the panel genes of all references into one labelled data set on one scale.

    References are downloaded in this stage, so nothing is downloaded if its result is cached.
    """

    def make(folder: Path) -> Facts:
        for future in [fetch.submit(reference) for reference in config.references]:
            future.result()
        combined = stages.combine(config.training(), local(panel.genes).read_text().split())
        refuse_if_replaced(config.references, references)
        REFERENCES.keep(key, write_counts(combined, folder / CombinedReferences.COUNTS))
        return {"n_obs": combined.n_obs, "n_vars": combined.n_vars}

    inputs = [panel.genes.sha256, *(reference.within(config.store).identity for reference in references)]
    key = stage_key("combine", settings_digest("combine", config), inputs)
    return cached_stage(CombinedReferences, config.store, key, make)


@task(name="map labels", **CLOUD)
def map_labels(config: RunConfig, combined: CombinedReferences) -> MappedLabels:
    """Map the references' labels to Cell Ontology terms."""

    def make(folder: Path) -> Facts:
        from spatialcore import columns

        mapped, result = stages.map_ontology(read_cells(combined.counts), config)
        write_cells(mapped, folder / MappedLabels.CELLS)
        if result is not None:
            result.table.to_csv(folder / MappedLabels.TABLE, index=False)
        return {"n_classes": int(mapped.obs[columns.UNIFIED_CELL_TYPE].nunique())}

    key = stage_key("map_ontology", settings_digest("map_ontology", config), [combined.identity])
    return cached_stage(MappedLabels, config.store, key, make, carried=_counts(combined))


@task(name="hold out cells", **CLOUD)
def hold_out(config: RunConfig, mapped: MappedLabels, share: float) -> HeldOutSplit:
    """Hold reference cells out of the training to compare models on; the choice is deterministic."""

    def make(folder: Path) -> Facts:
        from spatialcore.annotation.comparison import split_held_out

        training, held_out = split_held_out(read_cells(mapped.cells), share)
        write_cells(training, folder / HeldOutSplit.CELLS)
        write_cells(held_out, folder / HeldOutSplit.HELD_OUT)
        return {"n_obs": training.n_obs, "n_held_out": held_out.n_obs}

    key = stage_key("hold_out", f"{share:g}", [mapped.identity])
    return cached_stage(HeldOutSplit, config.store, key, make, carried=_counts(mapped))


@task(name="balance", **CLOUD)
def balance(config: RunConfig, mapped: MappedLabels) -> TrainingCells:
    """Draw the training cells: at most a fixed number per type, divided over the references."""

    def make(folder: Path) -> Facts:
        import pandas as pd

        from spatialcore.annotation.run_manifest import describe_training

        cells = read_cells(mapped.cells)
        balanced = stages.balance(cells, config, has_counts=have_counts(cells, mapped.counts))
        write_cells(balanced, folder / TrainingCells.CELLS)
        mapping = None if mapped.mapping is None else pd.read_csv(local(mapped.mapping), keep_default_na=False)
        (folder / TrainingCells.MANIFEST).write_text(json.dumps(describe_training(cells, balanced, mapping)))
        return {"n_obs": balanced.n_obs}

    inputs = [mapped.identity, *_proportions(config)]
    key = stage_key("balance", settings_digest("balance", config), inputs)
    return cached_stage(TrainingCells, config.store, key, make, carried=_counts(mapped))


def _counts(result: CombinedReferences) -> dict[str, StoredFile]:
    return {CombinedReferences.COUNTS: result.counts}


def _proportions(config: RunConfig) -> list[str]:
    """Return the version token of the file with target proportions, if one is configured."""
    from spatialcore import storage

    if not isinstance(config.target_proportions, str):
        return []
    refuse_local(config.target_proportions)
    return [storage.token(config.target_proportions)]
