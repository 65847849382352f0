"""Results where users find them: the registry of models, and one folder a run whose manifest comes last."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prefect import task

from spatialcore import registry, storage
from spatialcore.annotation.run_config import RunConfig
from spatialcore.core.provenance import digest_of
from spatialcore.registry import ModelVersion, Pointer
from spatialcore.storage import StoredFile
from tasks.alone import machine_lock
from tasks.cache_keys import training_settings
from tasks.models import model_files
from tasks.retries import CLOUD
from tasks.schemas import RunManifest, Sample, SampleFiles, SourceVersion, StageResult
from tasks.stage_cache import local

MANIFEST = "manifest.json"
RUN_MANIFEST = "run_manifest.json"
CARD = "card.md"
MAPPING = "label_mapping.csv"
Files = dict[str, StoredFile]


@task(name="publish the model", **CLOUD)
def publish_model(
    config: RunConfig,
    model: StageResult,
    made_of: list[StageResult],
    references: list[SourceVersion],
    samples: list[Sample],
    details: dict[str, Any] | None = None,
) -> ModelVersion:
    """Put the model into the registry as a version of its own; the pointer stays where it is.

    ``made_of`` are the results before it: label mapping and training cells. The version's folder also tells how
    the model was made and what it does: card, configuration, run manifest, label mapping, and report and plots of the
    first sample.
    """
    before = {name: file for result in made_of for name, file in result.files.items()}
    with (
        machine_lock(storage.join(config.store, "models", config.tissue)),
        TemporaryDirectory(prefix="spatialcore-") as work,
    ):
        return registry.publish(
            config.store,
            config.tissue,
            [local(model.files[name]) for name in model_files(model)],
            extras={**_written(config, model, before, references, Path(work)), **_shown(before, samples)},
            details={
                "classes": model.facts["classes"],
                "n_genes": model.facts["n_genes"],
                "references": [reference.model_dump() for reference in references],
                "settings": training_settings(config),
                **(details or {}),
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
    samples: list[Sample],
) -> RunManifest:
    """Copy every sample's files into ``runs/{run id}/`` and write the manifest last.

    The id is made of the content, so the same results are published once.
    """
    run_id = f"{config.tissue}-{_digest(config.store, version, samples)[:12]}"
    folder = storage.join(config.store, "runs", run_id)
    with machine_lock(folder):
        manifest = RunManifest(
            run_id=run_id,
            tissue=config.tissue,
            config_digest=config.digest(),
            references=tuple(references),
            model_version=version.version,
            model=version.model_files,
            label_mapping=version.contents.get(MAPPING),
            samples=tuple(_publish_sample(folder, kept, plots) for kept, plots in samples),
            uri=storage.join(folder, MANIFEST),
        )
        storage.put_text(storage.text_of(manifest, config.store), manifest.uri)
    return manifest


def _digest(store: str, version: ModelVersion, samples: list[Sample]) -> str:
    """Return what a run is known by: the model, and name, version and content of each sample."""
    parts = [part.identity for sample in samples for part in sample if part is not None]
    names = [[kept.facts["sample"], storage.relative(store, kept.facts["source"])] for kept, _ in samples]
    return digest_of([version.version, names, parts])


def _publish_sample(folder: str, kept: StageResult, plots: StageResult | None) -> SampleFiles:
    sample = kept.facts["sample"]
    files = {**kept.files, **(plots.files if plots is not None else {})}
    return SampleFiles(
        sample=sample,
        source=kept.facts["source"],
        n_obs=kept.facts["n_obs"],
        n_assigned=kept.facts["n_assigned"],
        composition=kept.facts["composition"],
        files={name: _copy(file, storage.join(folder, sample, name)) for name, file in files.items()},
    )


def _copy(file: StoredFile, uri: str) -> StoredFile:
    """Copy a file within the store, unless this very content lies there."""
    known = storage.read_manifest(uri)
    if known is not None and known.file.sha256 == file.sha256:
        return known.file
    return storage.copy(file, uri)


def _written(
    config: RunConfig, model: StageResult, before: Files, references: list[SourceVersion], work: Path
) -> dict[str, Path]:
    """Write the configuration, the run manifest (everything that led to the model) and the model's card."""
    from spatialcore.annotation.run_manifest import describe_run

    manifest = {
        **describe_run(config),
        **json.loads(local(before["training.json"]).read_text()),
        "reference_versions": [reference.model_dump() for reference in references],
    }
    card = local(model.files[f"{config.tissue}_card.md"]).read_text()
    texts = {
        "config.yaml": config.to_yaml(),
        RUN_MANIFEST: json.dumps(manifest, indent=1),
        CARD: "\n".join([card, *_reference_lines(references)]),
    }
    for name, text in texts.items():
        (work / name).write_text(text)
    return {name: work / name for name in texts}


def _reference_lines(references: list[SourceVersion]) -> list[str]:
    """Return what the model was trained on, as a section of its card."""
    rows = [f"| {reference.uri} | {reference.token} | {reference.label_column} |" for reference in references]
    return ["## References", "", "| URI | version | labels in |", "|---|---|---|", *rows, ""]


def _shown(before: Files, samples: list[Sample]) -> dict[str, Path]:
    """Return what else a person wants to see of a model: label mapping, and report and plots of the first sample."""
    plots = samples[0][1].files if samples and samples[0][1] is not None else {}
    mapping = {name: file for name, file in before.items() if name == MAPPING}
    return {name: local(file) for name, file in {**mapping, **plots}.items()}
