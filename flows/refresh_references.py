"""Look after a tissue's references: fetch what changed, train a challenger, promote it when it is not worse."""

from prefect import flow
from prefect.events import emit_event

from flows.parameters import RefreshParameters
from flows.promotion import PromotionDecision, champion_of, decide_promotion, log_decision
from flows.samples import THREADS, annotate_samples
from spatialcore.annotation.run_config import Reference
from spatialcore.registry import ModelVersion
from tasks.acquire import fetch, look_up, read_query
from tasks.cache_keys import training_settings
from tasks.models import as_trained, compare
from tasks.prepare import balance, combine, hold_out, map_labels, pool_queries
from tasks.publish import promote, publish_model
from tasks.schemas import SourceVersion
from tasks.train import train

REFRESHED = "spatialcore.reference.refreshed"
PROMOTED = "spatialcore.model.promoted"


@flow(name="refresh_references", flow_run_name="{config.tissue}", task_runner=THREADS)
def refresh_references(config: RefreshParameters) -> PromotionDecision:
    """Fetch what changed, train on it, and put the new model in use when it is not worse than the one in use.

    Args:
        config: The references to look after, and how the model is trained.
    """
    champion = champion_of(config)
    versions = [future.result() for future in [look_up.submit(reference) for reference in config.references]]
    changed = _changed(config.store, versions, champion)
    if champion is not None and not changed and not _told_otherwise(config, versions, champion):
        return log_decision(PromotionDecision(reason="no reference changed"))
    _fetch(config, [reference for reference, now in zip(config.references, versions, strict=True) if now in changed])
    challenger, scores = _train_challenger(config, versions, champion)
    decision = decide_promotion(config, challenger, champion, scores, tolerance=config.tolerance)
    if decision.promoted:
        promote(config.store, challenger, decision.reason, None if champion is None else champion.version)
        emit_event(PROMOTED, resource=_resource(f"model.{config.tissue}", version=challenger.version))
    return log_decision(decision.model_copy(update={"changed": [version.uri for version in changed]}))


def _fetch(config: RefreshParameters, references: list[Reference]) -> None:
    """Fetch the references that changed, all at once, and say of each that it is new."""
    for fetched in [fetch.submit(reference) for reference in references]:
        version = fetched.result()
        labels = {"uri": version.uri, "token": version.token, "tissue": config.tissue}
        emit_event(REFRESHED, resource=_resource(f"reference.{config.tissue}", **labels))


def _train_challenger(
    config: RefreshParameters, versions: list[SourceVersion], champion: ModelVersion | None
) -> tuple[ModelVersion, dict[str, float]]:
    """Train on all cells but those held out, compare on these, and publish what came of it."""
    samples = [future.result() for future in [read_query.submit(config, query) for query in config.queries]]
    panel = pool_queries(config, samples)
    mapped = map_labels(config, combine(config, panel, versions))
    split = hold_out(config, mapped, config.held_out_share)
    training = balance(config, split)
    model = train(config, training, panel)
    scores = {} if champion is None else compare(split, panel, model, as_trained(champion))
    annotated = annotate_samples(config, samples, model, training)
    details = {"held_out_share": config.held_out_share, "scores": scores}
    return publish_model(config, model, [mapped, training], versions, annotated, details), scores


def _changed(store: str, versions: list[SourceVersion], champion: ModelVersion | None) -> list[SourceVersion]:
    """Return the references whose version is not the one that the model in use was trained on."""
    known = _known(store, champion)
    return [version for version in versions if version.within(store) not in known]


def _told_otherwise(config: RefreshParameters, versions: list[SourceVersion], champion: ModelVersion) -> bool:
    """Tell whether the configuration asks for another model: a reference was left out, or a setting changed."""
    asked = [version.within(config.store) for version in versions]
    left_out = [version for version in _known(config.store, champion) if version not in asked]
    return bool(left_out) or champion.details.get("settings") != training_settings(config)


def _known(store: str, champion: ModelVersion | None) -> list[SourceVersion]:
    """Return the references of the model in use, named from the store's root where they lie in it."""
    known = [] if champion is None else champion.details.get("references", [])
    return [SourceVersion(**item).within(store) for item in known]


def _resource(name: str, **labels: str) -> dict[str, str]:
    return {"prefect.resource.id": f"spatialcore.{name}", **labels}
