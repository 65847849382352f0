"""Models that are there: find one, compare two."""

from pathlib import Path
from tempfile import TemporaryDirectory

from prefect import task

from spatialcore.storage import StoredFile, registry
from spatialcore.storage.registry import ModelVersion
from tasks.manifests import PhaseResult
from tasks.results import local, place_together
from tasks.retries import CLOUD


@task(name="find the model", **CLOUD)
def find_model(store: str, tissue: str, version: str) -> tuple[ModelVersion, PhaseResult]:
    """Return a published version, and its files as training left them."""
    found = registry.show(store, tissue, version)
    files = {file.uri.rpartition("/")[2]: file for file in found.files}
    own = {name: file for name, file in files.items() if name == found.artifact or name.endswith(".json")}
    facts = {"artifact": found.artifact, **found.details}
    return found, PhaseResult(phase="train", key=found.version, files=own, facts=facts)


@task(name="compare models", **CLOUD)
def compare(
    held_out: PhaseResult, panel: PhaseResult, challenger: ModelVersion, champion: ModelVersion
) -> dict[str, float]:
    """Return the macro-F1 of two models on held-out cells, as the queries' platform shows them."""
    import anndata as ad

    from spatialcore.annotation.comparison import compare_models

    sample = panel.files.get("sample.h5ad")
    with TemporaryDirectory(prefix="spatialcore-") as work:
        models = {
            name: _place(version, Path(work) / name)
            for name, version in (("challenger", challenger), ("champion", champion))
        }
        return compare_models(
            ad.read_h5ad(local(held_out.files["held_out.h5ad"])),
            models,
            None if sample is None else ad.read_h5ad(local(sample)),
        )


def _place(version: ModelVersion, folder: Path) -> Path:
    files: list[tuple[str, StoredFile]] = [(file.uri.rpartition("/")[2], file) for file in version.files]
    place_together(files, folder)
    return folder / version.artifact
