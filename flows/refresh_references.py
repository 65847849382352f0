"""Refresh the references of a tissue: download new versions, train a model, put it in use if it is not worse."""

from prefect import flow
from prefect.events import emit_event
from pydantic import JsonValue

from flows.parameters import RefreshParameters
from flows.promotion import PromotionDecision, champion_of, decide_promotion, log_decision
from flows.samples import THREADS, annotate_samples
from flows.training import compare_to, run_training_stages
from spatialcore.annotation.run_config import Reference
from spatialcore.core.text.names import slug_of
from spatialcore.registry import ModelVersion
from tasks.acquire import fetch, look_up, read_query
from tasks.artifacts import summarise_comparison
from tasks.cache_keys import training_settings
from tasks.publish_model import promote, publish_model
from tasks.schemas import ModelComparison, SourceVersion

REFRESHED = "spatialcore.reference.refreshed"
PROMOTED = "spatialcore.model.promoted"


@flow(
    name="refresh_references",
    flow_run_name="{config.tissue}",
    task_runner=THREADS,
    description="Train a model on new versions of references, and put it in use if it is not worse.",
)
def refresh_references(config: RefreshParameters) -> PromotionDecision:
    """Train a model on new versions of references, and put it in use if it is not worse.

    Nothing is trained if no reference and no setting changed.

    Args:
        config: The references and the settings of the training.

    Examples:
        The parameters are checked as by the form:

        >>> config = {"store": "s3://results", "tissue": "lung", "references": [{"uri": "s3://references/lung.h5ad"}]}
        >>> config["queries"] = [{"uri": "s3://samples/a.h5ad"}]
        >>> refresh_references.validate_parameters({"config": config})["config"].tolerance
        0.0
    """
    champion = champion_of(config)
    versions = [future.result() for future in [look_up.submit(reference) for reference in config.references]]
    changed = _changed(config.store, versions, champion)
    if champion is not None and not changed and not _configuration_changed(config, versions, champion):
        return log_decision(PromotionDecision(reason="no reference changed"))
    _fetch(
        config,
        [reference for reference, version in zip(config.references, versions, strict=True) if version in changed],
    )
    challenger, comparison = _train_challenger(config, versions, champion)
    decision = decide_promotion(
        config,
        challenger,
        champion,
        comparison,
        tolerance=config.tolerance,
        allow_lost_classes=config.allow_lost_classes,
    )
    summarise_comparison(config.tissue, comparison, decision.reason)
    if decision.promoted:
        promote(config.store, challenger, decision.reason, None if champion is None else champion.version)
        emit_event(PROMOTED, resource=_resource(f"model.{slug_of(config.tissue)}", version=challenger.version))
    return log_decision(decision.model_copy(update={"changed": [version.uri for version in changed]}))


def _fetch(config: RefreshParameters, references: list[Reference]) -> None:
    """Download the changed references in parallel and emit an event for each."""
    for future in [fetch.submit(reference) for reference in references]:
        version = future.result()
        labels = {"uri": version.uri, "token": version.token, "tissue": config.tissue}
        emit_event(REFRESHED, resource=_resource(f"reference.{slug_of(config.tissue)}", **labels))


def _train_challenger(
    config: RefreshParameters, versions: list[SourceVersion], champion: ModelVersion | None
) -> tuple[ModelVersion, ModelComparison]:
    """Train a model without the held-out cells, compare it with the champion on them, and publish it."""
    samples = [future.result() for future in [read_query.submit(config, query) for query in config.queries]]
    trained = run_training_stages(config, samples, versions, config.held_out_share)
    comparison = compare_to(champion, trained)
    annotated = annotate_samples(config, samples, trained.model, trained.training)
    details: dict[str, JsonValue] = {"held_out_share": config.held_out_share, "scores": dict(comparison.scores)}
    return publish_model(config, trained, versions, annotated, details), comparison


def _changed(store: str, versions: list[SourceVersion], champion: ModelVersion | None) -> list[SourceVersion]:
    """Return the references whose version differs from the one that the model in use was trained on."""
    trained_on = _references_of(store, champion)
    return [version for version in versions if version.within(store) not in trained_on]


def _configuration_changed(config: RefreshParameters, versions: list[SourceVersion], champion: ModelVersion) -> bool:
    """Return whether a reference was removed or a setting changed since the model in use was trained."""
    present = [version.within(config.store) for version in versions]
    removed = [version for version in _references_of(config.store, champion) if version not in present]
    return bool(removed) or champion.details.get("settings") != training_settings(config)


def _references_of(store: str, champion: ModelVersion | None) -> list[SourceVersion]:
    """Return the references of the model in use, with URIs relative to the store where they are in it."""
    references = [] if champion is None else champion.details.get("references", [])
    return [SourceVersion(**item).within(store) for item in references]


def _resource(name: str, **labels: str) -> dict[str, str]:
    return {"prefect.resource.id": f"spatialcore.{name}", **labels}
