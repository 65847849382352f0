"""Look after a tissue's references: fetch what changed, train a challenger, promote it when it is not worse."""

from prefect import flow, get_run_logger
from prefect.events import emit_event
from pydantic import BaseModel

from flows.configs import RefreshConfig
from flows.samples import THREADS, annotate_samples
from spatialcore.annotation.run_config import Reference
from spatialcore.storage import registry
from spatialcore.storage.registry import ModelVersion
from tasks.acquire import fetch, look_up, read_query
from tasks.cache_keys import training_settings
from tasks.manifests import SourceVersion
from tasks.models import as_trained, compare
from tasks.prepare import balance, combine, gather, hold_out, map_labels
from tasks.publish import promote, publish_model
from tasks.train import train

REFRESHED = "spatialcore.reference.refreshed"
PROMOTED = "spatialcore.model.promoted"


class Verdict(BaseModel):
    """What a refresh came to."""

    changed: list[str]
    challenger: str = ""
    scores: dict[str, float] = {}
    promoted: bool = False
    reason: str


@flow(name="refresh_references", flow_run_name="{config.tissue}", task_runner=THREADS)
def refresh_references(config: RefreshConfig) -> Verdict:
    """Fetch what changed, train on it, and put the new model in use when it is not worse than the one in use.

    Args:
        config: The references to look after, and how the model is trained.
    """
    champion = _champion(config)
    versions = [future.result() for future in [look_up.submit(reference) for reference in config.references]]
    changed = _changed(versions, champion)
    if champion is not None and not changed and not _told_otherwise(config, versions, champion):
        return _tell(Verdict(changed=[], reason="no reference changed"))
    _fetch(config, [reference for reference, now in zip(config.references, versions, strict=True) if now in changed])
    challenger, scores = _train_challenger(config, versions, champion)
    verdict = _judge(config, challenger, champion, scores)
    if verdict.promoted:
        promote(config.store, challenger, verdict.reason, None if champion is None else champion.version)
        emit_event(PROMOTED, resource=_resource(f"model.{config.tissue}", version=challenger.version))
    return _tell(verdict.model_copy(update={"changed": [version.uri for version in changed]}))


def _fetch(config: RefreshConfig, references: list[Reference]) -> None:
    """Fetch the references that changed, all at once, and say of each that it is new."""
    for fetched in [fetch.submit(reference) for reference in references]:
        version = fetched.result()
        labels = {"uri": version.uri, "token": version.token, "tissue": config.tissue}
        emit_event(REFRESHED, resource=_resource(f"reference.{config.tissue}", **labels))


def _train_challenger(
    config: RefreshConfig, versions: list[SourceVersion], champion: ModelVersion | None
) -> tuple[ModelVersion, dict[str, float]]:
    """Train on all cells but those held out, compare on these, and publish what came of it."""
    samples = [future.result() for future in [read_query.submit(config, query) for query in config.queries]]
    panel = gather(config, samples)
    mapped = map_labels(config, combine(config, panel, versions))
    split = hold_out(config, mapped, config.held_out_share)
    training = balance(config, split)
    model = train(config, training, panel)
    scores = {} if champion is None else compare(split, panel, model, as_trained(champion))
    annotated = annotate_samples(config, samples, model, training)
    details = {"held_out_share": config.held_out_share, "scores": scores}
    return publish_model(config, model, [mapped, training], versions, annotated, details), scores


def _judge(
    config: RefreshConfig, challenger: ModelVersion, champion: ModelVersion | None, scores: dict[str, float]
) -> Verdict:
    """Decide whether the challenger goes into use, and say why."""
    verdict = Verdict(changed=[], challenger=challenger.version, scores=scores, reason="there was no model in use")
    if champion is None:
        return verdict.model_copy(update={"promoted": True})
    if challenger.version == champion.version:
        return verdict.model_copy(update={"reason": "the same model came out as is in use"})
    if _was_taken_back(config, challenger):
        return verdict.model_copy(
            update={"reason": f"not promoted: {challenger.version} was in use and was rolled back; promote it by hand"}
        )
    told = f"macro-F1 on held-out cells: challenger {scores['challenger']:.3f}, champion {scores['champion']:.3f}"
    if champion.details.get("held_out_share", 0) < config.held_out_share:
        told += " (flattered: it was trained on some of these cells)"
    better = scores["challenger"] >= scores["champion"] - config.tolerance
    return verdict.model_copy(update={"promoted": better, "reason": told if better else f"not promoted, {told}"})


def _champion(config: RefreshConfig) -> ModelVersion | None:
    pointer = registry.current(config.store, config.tissue)
    return None if pointer is None else registry.show(config.store, config.tissue, pointer.version)


def _changed(versions: list[SourceVersion], champion: ModelVersion | None) -> list[SourceVersion]:
    """Return the references whose version is not the one that the model in use was trained on."""
    known = _known(champion)
    return [version for version in versions if version not in known]


def _told_otherwise(config: RefreshConfig, versions: list[SourceVersion], champion: ModelVersion) -> bool:
    """Tell whether the configuration asks for another model: a reference was left out, or a setting changed."""
    left_out = [version for version in _known(champion) if version not in versions]
    return bool(left_out) or champion.details.get("settings") != training_settings(config)


def _known(champion: ModelVersion | None) -> list[SourceVersion]:
    return [] if champion is None else [SourceVersion(**item) for item in champion.details.get("references", [])]


def _was_taken_back(config: RefreshConfig, challenger: ModelVersion) -> bool:
    """Tell whether this very model was in use and the one before it was put back: a schedule must not undo that."""
    pointer = registry.current(config.store, config.tissue)
    used = [] if pointer is None else [move.version for move in pointer.moves]
    return any(
        before == after != version == challenger.version
        for before, version, after in zip(used, used[1:], used[2:], strict=False)
    )


def _resource(name: str, **labels: str) -> dict[str, str]:
    return {"prefect.resource.id": f"spatialcore.{name}", **labels}


def _tell(verdict: Verdict) -> Verdict:
    get_run_logger().info("%s", verdict.reason)
    return verdict
