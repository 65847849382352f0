"""Results where users find them: the registry of models, and one folder a run whose manifest comes last."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from prefect import task

from spatialcore import storage
from spatialcore.annotation.run_config import RunConfig
from spatialcore.core.provenance import digest_of
from spatialcore.storage import StoredFile, registry
from spatialcore.storage.registry import ModelVersion, Pointer
from tasks.manifests import PhaseResult, RunManifest, SampleFiles, SourceVersion
from tasks.results import local
from tasks.retries import CLOUD

MANIFEST = "manifest.json"


@task(name="publish the model", **CLOUD)
def publish_model(
    config: RunConfig, model: PhaseResult, mapped: PhaseResult, references: list[SourceVersion]
) -> ModelVersion:
    """Put the model into the registry as a version of its own; the pointer stays where it is."""
    artifact = model.facts["artifact"]
    with TemporaryDirectory(prefix="spatialcore-") as work:
        extras = {"config.yaml": Path(work) / "config.yaml"}
        config.to_yaml(extras["config.yaml"])
        extras |= {name: local(file) for name, file in model.files.items() if name.endswith(".md")}
        extras |= {name: local(file) for name, file in mapped.files.items() if name == "label_mapping.csv"}
        return registry.publish(
            config.store,
            config.tissue,
            [local(model.files[name]) for name in _artifact_first(model.files, artifact)],
            extras=extras,
            details={
                "classes": model.facts["classes"],
                "n_genes": model.facts["n_genes"],
                "references": [reference.model_dump() for reference in references],
            },
        )


@task(name="put the model in use", **CLOUD)
def promote(store: str, version: ModelVersion, reason: str, champion: str | None = None) -> Pointer:
    """Move the tissue's pointer to a version, unless it points there."""
    pointer = registry.current(store, version.tissue)
    if pointer is not None and pointer.version == version.version:
        return pointer
    return registry.promote(store, version.tissue, version.version, reason=reason, champion=champion)


@task(name="publish the run", **CLOUD)
def publish_run(
    config: RunConfig,
    references: list[SourceVersion],
    version: ModelVersion,
    samples: list[tuple[PhaseResult, PhaseResult | None]],
) -> RunManifest:
    """Copy every sample's files into ``runs/{run id}/`` and write the manifest last.

    The id is made of the content, so the same results are published once.
    """
    run_id = f"{config.tissue}-{_digest(version, samples)[:12]}"
    folder = storage.join(config.store, "runs", run_id)
    published = [_publish_sample(folder, kept, plots) for kept, plots in samples]
    manifest = RunManifest(
        run_id=run_id,
        tissue=config.tissue,
        config_digest=config.digest(),
        references=tuple(references),
        model_version=version.version,
        model={file.uri.rpartition("/")[2]: file for file in version.files},
        label_mapping=next((file for file in version.files if file.uri.endswith("label_mapping.csv")), None),
        samples=tuple(published),
        uri=storage.join(folder, MANIFEST),
    )
    storage.put_text(manifest.model_dump_json(indent=1), manifest.uri)
    return manifest


def _digest(version: ModelVersion, samples: list[tuple[PhaseResult, PhaseResult | None]]) -> str:
    return digest_of([version.version, *(part.identity for sample in samples for part in sample if part is not None)])


def _publish_sample(folder: str, kept: PhaseResult, plots: PhaseResult | None) -> SampleFiles:
    sample = kept.facts["sample"]
    files = {**kept.files, **(plots.files if plots is not None else {})}
    return SampleFiles(
        sample=sample,
        n_obs=kept.facts["n_obs"],
        n_assigned=kept.facts["n_assigned"],
        composition=kept.facts["composition"],
        files={name: _copy(file, storage.join(folder, sample, name)) for name, file in files.items()},
    )


def _copy(file: StoredFile, uri: str) -> StoredFile:
    """Copy a file within the store, unless this very content lies there."""
    known = storage.read_manifest(uri) if storage.exists(uri) else None
    if known is not None and known.file.sha256 == file.sha256 and known.file.token == storage.token(uri):
        return known.file
    return storage.put(local(file), uri)


def _artifact_first(files: Mapping[str, StoredFile], artifact: str) -> list[str]:
    """Return the names of the model's own files, the .pkl first."""
    return [artifact, *sorted(name for name in files if name.endswith(".json"))]
