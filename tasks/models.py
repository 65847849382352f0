"""Published models: find one, compare two."""

from pathlib import Path
from tempfile import TemporaryDirectory

from prefect import task

from spatialcore import registry
from spatialcore.registry import ModelVersion
from tasks.anndata_io import read_cells
from tasks.retries import CLOUD
from tasks.schemas import HeldOutSplit, Panel, TrainedModel
from tasks.stage_cache import link_files, local


@task(name="find the model", **CLOUD)
def find_model(store: str, tissue: str, version: str) -> tuple[ModelVersion, TrainedModel]:
    """Return a published version, and the same as a trained model."""
    published = registry.show(store, tissue, version)
    return published, as_trained(published)


@task(name="compare models", **CLOUD)
def compare(held_out: HeldOutSplit, panel: Panel, challenger: TrainedModel, champion: TrainedModel) -> dict[str, float]:
    """Return the macro-F1 of two models on held-out cells, simulated on the queries' platform."""
    import anndata as ad

    from spatialcore.annotation.comparison import compare_models

    with TemporaryDirectory(prefix="spatialcore-") as work:
        models = {
            name: _link_model(model, Path(work) / name)
            for name, model in (("challenger", challenger), ("champion", champion))
        }
        return compare_models(
            read_cells(held_out.held_out, held_out.counts),
            models,
            None if panel.cells is None else ad.read_h5ad(local(panel.cells)),
        )


def as_trained(version: ModelVersion) -> TrainedModel:
    """Return a published version as the result of its training."""
    facts = {"artifact": version.artifact, **version.details}
    return TrainedModel(phase=TrainedModel.STAGE, key=version.version, files=version.model_files, facts=facts)


def published_uri(store: str, tissue: str, model: TrainedModel) -> str:
    """Return the URI of the model once it is published."""
    return registry.model_uri_of(store, tissue, model.artifact, _digests(model))


def _digests(model: TrainedModel) -> dict[str, str]:
    return {name: model.files[name].sha256 for name in model.model_files}


def _link_model(model: TrainedModel, folder: Path) -> Path:
    link_files(model.files.items(), folder)
    return folder / model.artifact
