"""Publish a model to the registry, and put a version in use."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from prefect import task
from pydantic import JsonValue

from spatialcore import registry, storage
from spatialcore.annotation.run_config import RunConfig
from spatialcore.core.text.markdown import code, escape
from spatialcore.core.text.names import slug_of
from spatialcore.registry import ModelVersion, Pointer
from tasks.cache_keys import training_settings
from tasks.locks import machine_lock
from tasks.models import HELD_OUT, write_held_out
from tasks.retries import CLOUD
from tasks.schemas import HeldOutSplit, MappedLabels, Sample, SourceVersion, TrainingStages
from tasks.stage_cache import local

RUN_MANIFEST = "run_manifest.json"
CARD = "card.md"


@task(name="publish the model", **CLOUD)
def publish_model(
    config: RunConfig,
    trained: TrainingStages,
    references: list[SourceVersion],
    samples: list[Sample],
    details: dict[str, JsonValue] | None = None,
) -> ModelVersion:
    """Add the model to the registry as a new version, without putting it in use.

    The folder of the version also gets the card, the configuration, the run manifest, the label mapping, report and
    plots of the first sample, and the held-out cells, if any. `details` are added to what `show` prints of a version.
    """
    model = trained.model
    with (
        machine_lock(storage.join(config.store, "models", slug_of(config.tissue))),
        TemporaryDirectory(prefix="spatialcore-") as work,
    ):
        return registry.publish(
            config.store,
            config.tissue,
            [local(model.files[name]) for name in model.model_files],
            extras={
                **_write_texts(config, trained, references, Path(work)),
                **_examples(trained.mapped, samples),
                **_held_out(trained.held_out, Path(work)),
            },
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
    """Put a model version in use for its tissue, unless it is in use already; return the pointer to it."""
    pointer = registry.current(store, version.tissue)
    if pointer is not None and pointer.version == version.version:
        return pointer
    return registry.promote(store, version.tissue, version.version, reason=reason, champion=champion)


def _write_texts(
    config: RunConfig, trained: TrainingStages, references: list[SourceVersion], work: Path
) -> dict[str, Path]:
    """Write the configuration, the run manifest and the model card."""
    from spatialcore.annotation.run_manifest import describe_run

    manifest = {
        **describe_run(config),
        **json.loads(local(trained.training.manifest).read_text()),
        "reference_versions": [reference.model_dump() for reference in references],
    }
    card = local(trained.model.files[f"{slug_of(config.tissue)}_card.md"]).read_text()
    texts = {
        "config.yaml": config.to_yaml(),
        RUN_MANIFEST: json.dumps(manifest, indent=1),
        CARD: "\n".join([card, *_reference_lines(references)]),
    }
    for name, text in texts.items():
        (work / name).write_text(text)
    return {name: work / name for name in texts}


def _reference_lines(references: list[SourceVersion]) -> list[str]:
    """Return the section of the model card that lists the references."""
    rows = [
        f"| {code(reference.uri)} | {escape(reference.token)} | {escape(reference.label_column)} |"
        for reference in references
    ]
    return ["## References", "", "| URI | version | label column |", "|---|---|---|", *rows, ""]


def _held_out(held_out: HeldOutSplit | None, work: Path) -> dict[str, Path]:
    if held_out is None:
        return {}
    write_held_out(held_out, work / HELD_OUT)
    return {HELD_OUT: work / HELD_OUT}


def _examples(mapped: MappedLabels, samples: list[Sample]) -> dict[str, Path]:
    """Return the label mapping, and the report and plots of the first sample."""
    plots = samples[0][1].files if samples and samples[0][1] is not None else {}
    mapping = {} if mapped.mapping is None else {MappedLabels.TABLE: mapped.mapping}
    return {name: local(file) for name, file in {**mapping, **plots}.items()}
