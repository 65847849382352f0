"""Models that are there: find one, compare two."""

from pathlib import Path
from tempfile import TemporaryDirectory

from prefect import task

from spatialcore import registry
from spatialcore.registry import ModelVersion
from tasks.anndata_io import read_cells
from tasks.prepare import MATRIX
from tasks.retries import CLOUD
from tasks.schemas import StageResult
from tasks.stage_cache import link_files, local


@task(name="find the model", **CLOUD)
def find_model(store: str, tissue: str, version: str) -> tuple[ModelVersion, StageResult]:
    """Return a published version, and its files as training left them."""
    found = registry.show(store, tissue, version)
    return found, as_trained(found)


@task(name="compare models", **CLOUD)
def compare(
    held_out: StageResult, panel: StageResult, challenger: StageResult, champion: StageResult
) -> dict[str, float]:
    """Return the macro-F1 of two models on held-out cells, as the queries' platform shows them."""
    import anndata as ad

    from spatialcore.annotation.comparison import compare_models

    sample = panel.files.get("sample.h5ad")
    with TemporaryDirectory(prefix="spatialcore-") as work:
        models = {
            name: _place(model, Path(work) / name)
            for name, model in (("challenger", challenger), ("champion", champion))
        }
        return compare_models(
            read_cells(held_out.files["held_out.h5ad"], held_out.files[MATRIX]),
            models,
            None if sample is None else ad.read_h5ad(local(sample)),
        )


def as_trained(version: ModelVersion) -> StageResult:
    """Return a published version as the result of its training."""
    facts = {"artifact": version.artifact, **version.details}
    return StageResult(phase="train", key=version.version, files=version.model_files, facts=facts)


def model_files(model: StageResult) -> list[str]:
    """Return the names of a trained model's own files, the .pkl first."""
    return [model.facts["artifact"], *sorted(name for name in model.files if name.endswith(".json"))]


def version_of(model: StageResult) -> str:
    """Return the name of the version that a trained model is, or will be."""
    return registry.name_of(_digests(model))


def published_uri(store: str, tissue: str, model: StageResult) -> str:
    """Return where the model lies for good, once it is published."""
    return registry.model_uri_of(store, tissue, model.facts["artifact"], _digests(model))


def _digests(model: StageResult) -> dict[str, str]:
    return {name: model.files[name].sha256 for name in model_files(model)}


def _place(model: StageResult, folder: Path) -> Path:
    link_files(model.files.items(), folder)
    return folder / str(model.facts["artifact"])
