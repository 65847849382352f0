"""From references to training cells: cut to the panel, named by the Cell Ontology, balanced."""

from pathlib import Path
from typing import Any, Final

from prefect import task

from spatialcore.annotation import stages
from spatialcore.annotation.run_config import RunConfig
from spatialcore.storage import StoredFile
from tasks.acquire import fetch, refuse_if_replaced
from tasks.anndata_io import keep_in_memory, look_at, read_cells, write_cells
from tasks.cache_keys import settings_digest, stage_key
from tasks.retries import CLOUD
from tasks.schemas import SourceVersion, StageResult
from tasks.stage_cache import cached_stage, local

MATRIX: Final = "combined.h5ad"  # the only file with the references' counts


@task(name="gather the panel", **CLOUD)
def pool_queries(config: RunConfig, queries: list[StageResult]) -> StageResult:
    """Find the genes that all queries measure, and draw cells that stand for their platform."""

    def make(folder: Path) -> dict[str, Any]:
        from spatialcore.annotation.pooled_queries import pool_queries as pool

        pooled = pool((look_at(query.files["query.h5ad"]) for query in queries), config)
        (folder / "panel.txt").write_text("\n".join(pooled.panel) + "\n")
        if pooled.sample is not None:
            pooled.sample.write_h5ad(folder / "sample.h5ad")
        return {"n_genes": len(pooled.panel)}

    key = stage_key("gather", settings_digest("gather", config), [query.identity for query in queries])
    return cached_stage(config.store, "gather", key, make)


@task(name="combine references", **CLOUD)
def combine(config: RunConfig, panel: StageResult, references: list[SourceVersion]) -> StageResult:
    """Read the references, panel genes only, into one labelled data set on one scale.

    They are fetched here, and not before: who finds the result in the store downloads nothing.
    """

    def make(folder: Path) -> dict[str, Any]:
        for fetched in [fetch.submit(reference) for reference in config.references]:
            fetched.result()
        genes = local(panel.files["panel.txt"]).read_text().split()
        combined = stages.combine(config.training(), genes)
        refuse_if_replaced(config.references, references)
        combined.write_h5ad(folder / MATRIX)
        keep_in_memory(key, combined)
        return {"n_obs": combined.n_obs, "n_vars": combined.n_vars}

    inputs = [panel.files["panel.txt"].sha256, *(reference.within(config.store).identity for reference in references)]
    key = stage_key("combine", settings_digest("combine", config), inputs)
    return cached_stage(config.store, "combine", key, make)


@task(name="map labels", **CLOUD)
def map_labels(config: RunConfig, combined: StageResult) -> StageResult:
    """Map the references' labels to Cell Ontology terms."""

    def make(folder: Path) -> dict[str, Any]:
        from spatialcore import columns

        mapped, result = stages.map_ontology(read_cells(combined.files[MATRIX]), config)
        write_cells(mapped, folder / "mapped.h5ad")
        if result is not None:
            result.table.to_csv(folder / "label_mapping.csv", index=False)
        return {"n_classes": int(mapped.obs[columns.UNIFIED_CELL_TYPE].nunique())}

    key = stage_key("map_ontology", settings_digest("map_ontology", config), [combined.identity])
    return cached_stage(config.store, "map_ontology", key, make, carried=_matrix(combined))


@task(name="hold out cells", **CLOUD)
def hold_out(config: RunConfig, mapped: StageResult, share: float) -> StageResult:
    """Set reference cells aside on which models can be compared, always the same ones."""

    def make(folder: Path) -> dict[str, Any]:
        from spatialcore.annotation.comparison import split_held_out

        kept, held_out = split_held_out(read_cells(mapped.files["mapped.h5ad"]), share)
        write_cells(kept, folder / "mapped.h5ad")
        write_cells(held_out, folder / "held_out.h5ad")
        return {"n_obs": kept.n_obs, "n_held_out": held_out.n_obs}

    key = stage_key("hold_out", f"{share:g}", [mapped.identity])
    return cached_stage(config.store, "hold_out", key, make, carried=_matrix(mapped))


@task(name="balance", **CLOUD)
def balance(config: RunConfig, mapped: StageResult) -> StageResult:
    """Draw the training cells: capped per type, shared out over the sources."""

    def make(folder: Path) -> dict[str, Any]:
        import json

        import pandas as pd

        from spatialcore.annotation.run_manifest import describe_training

        before = read_cells(mapped.files["mapped.h5ad"])
        balanced = stages.balance(before, config)
        write_cells(balanced, folder / "balanced.h5ad")
        table = mapped.files.get("label_mapping.csv")
        mapping = None if table is None else pd.read_csv(local(table), keep_default_na=False)
        (folder / "training.json").write_text(json.dumps(describe_training(before, balanced, mapping)))
        return {"n_obs": balanced.n_obs}

    inputs = [mapped.identity, *_proportions(config)]
    key = stage_key("balance", settings_digest("balance", config), inputs)
    return cached_stage(config.store, "balance", key, make, carried=_matrix(mapped))


def _matrix(result: StageResult) -> dict[str, StoredFile]:
    return {MATRIX: result.files[MATRIX]}


def _proportions(config: RunConfig) -> list[str]:
    """Return the version of the file with target proportions, where there is one."""
    from spatialcore import storage

    return [storage.token(config.target_proportions)] if isinstance(config.target_proportions, str) else []
