"""Find published models and compare their scores and classes."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from prefect import task

from spatialcore import columns, registry
from spatialcore.errors import FileMissingError, ModelError
from spatialcore.registry import ModelVersion
from tasks.anndata_io import read_cells
from tasks.retries import CLOUD
from tasks.schemas import ClassScore, HeldOutSplit, ModelComparison, Panel, TrainedModel, TrainingCells
from tasks.stage_cache import link_files, local

HELD_OUT = "held_out.h5ad"  # in the folder of a version: cells that the model was not trained on, with counts


@task(name="find the model", **CLOUD)
def find_model(store: str, tissue: str, version: str) -> tuple[ModelVersion, TrainedModel]:
    """Return a published version, and its files as a trained model."""
    published = registry.show(store, tissue, version)
    return published, as_trained(published)


@task(name="compare models", **CLOUD)
def compare(
    held_out: HeldOutSplit, training: TrainingCells, panel: Panel, challenger: TrainedModel, champion: ModelVersion
) -> ModelComparison:
    """Compare two models on the cells held out of either, without the challenger's training cells.

    The cells are simulated on the queries' platform.
    """
    import anndata as ad

    from spatialcore.annotation.comparison import compare_by_class, union_of_held_out

    cells = read_cells(held_out.held_out, held_out.counts)
    if HELD_OUT in champion.contents:
        earlier = ad.read_h5ad(local(champion.contents[HELD_OUT]))
        cells = union_of_held_out(cells, earlier, read_cells(training.cells, training.counts))
    models = {"challenger": challenger, "champion": as_trained(champion)}
    with TemporaryDirectory(prefix="spatialcore-") as work:
        paths = {name: _link_model(model, Path(work) / name) for name, model in models.items()}
        table = compare_by_class(cells, paths, None if panel.cells is None else ad.read_h5ad(local(panel.cells)))
    lost, gained = changed_classes(challenger, champion)
    return ModelComparison(
        scores={name: float(table[name].mean()) for name in models},
        classes=tuple(
            ClassScore(
                cell_type=str(name),
                cells=int(row["cells"]),
                challenger=float(row["challenger"]),
                champion=float(row["champion"]),
            )
            for name, row in table.iterrows()
        ),
        lost=lost,
        gained=gained,
    )


@task(name="compare classes", **CLOUD)
def lost_classes(challenger: TrainedModel, champion: ModelVersion) -> tuple[str, ...]:
    """Return the classes of the model in use that a new model lacks; empty if the former's files cannot be read."""
    try:
        return changed_classes(challenger, champion)[0]
    except (FileMissingError, ModelError):
        return ()


def changed_classes(challenger: TrainedModel, champion: ModelVersion) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the classes of the model in use that a new model lacks, and those that only the new model has."""
    after, before = _classes(challenger), _classes(as_trained(champion))
    return tuple(sorted(before - after)), tuple(sorted(after - before))


def _classes(model: TrainedModel) -> set[str]:
    """Return the classes of a model; from the model itself if it was published without its sidecar."""
    from spatialcore.annotation.model.artifact import load_model

    sidecar = model.files.get(f"{model.artifact.rpartition('.')[0]}_celltypist.json")
    if sidecar is None:
        return set(load_model(local(model.files[model.artifact])).classes)
    return set(json.loads(local(sidecar).read_text())["classes"])


def write_held_out(split: HeldOutSplit, path: Path) -> None:
    """Write held-out cells with their counts to one file, on which later models can be compared."""
    cells = read_cells(split.held_out, split.counts)
    cells.obs = cells.obs[[columns.UNIFIED_CELL_TYPE]].astype(str)
    cells.uns, cells.obsm = {}, {}
    cells.write_h5ad(path, compression="gzip")


def as_trained(version: ModelVersion) -> TrainedModel:
    """Return a published version as the result of its training."""
    facts = {"artifact": version.artifact, **version.details}
    return TrainedModel(phase=TrainedModel.STAGE, key=version.version, files=version.model_files, facts=facts)


def published_uri(store: str, tissue: str, model: TrainedModel) -> str:
    """Return the URI that the model will have once it is published."""
    return registry.model_uri_of(store, tissue, model.artifact, _digests(model))


def _digests(model: TrainedModel) -> dict[str, str]:
    return {name: model.files[name].sha256 for name in model.model_files}


def _link_model(model: TrainedModel, folder: Path) -> Path:
    link_files(model.files.items(), folder)
    return folder / model.artifact
