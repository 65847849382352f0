"""Look after a tissue's references: fetch what changed, train a challenger, promote it when it is not worse."""

from prefect import flow, get_run_logger
from prefect.events import emit_event
from pydantic import BaseModel

from flows.configs import RefreshConfig
from spatialcore.storage import registry
from spatialcore.storage.registry import ModelVersion
from tasks.acquire import fetch, look_up, read_query
from tasks.manifests import PhaseResult, SourceVersion
from tasks.models import compare
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


@flow(name="refresh_references", flow_run_name="{config.tissue}")
def refresh_references(config: RefreshConfig) -> Verdict:
    """Fetch what changed, train on it, and put the new model in use when it is not worse than the one in use.

    Args:
        config: The references to look after, and how the model is trained.
    """
    champion = _champion(config)
    versions = [future.result() for future in [look_up.submit(reference) for reference in config.references]]
    changed = _changed(versions, champion)
    if champion is not None and not changed:
        return _tell(Verdict(changed=[], reason="no reference changed"))
    for reference, version in zip(config.references, versions, strict=True):
        if version in changed:
            fetch(reference)
            _announce(config, version)
    challenger, held_out, panel = _train(config, versions)
    return _tell(_decide(config, changed, challenger, champion, held_out, panel))


def _train(config: RefreshConfig, versions: list[SourceVersion]) -> tuple[ModelVersion, PhaseResult, PhaseResult]:
    panel = gather(config, [read_query(config, query) for query in config.queries])
    mapped = map_labels(config, combine(config, panel, versions))
    split = hold_out(config, mapped, config.held_out_share)
    model = train(config, balance(config, split), panel)
    return publish_model(config, model, mapped, versions), split, panel


def _decide(
    config: RefreshConfig,
    changed: list[SourceVersion],
    challenger: ModelVersion,
    champion: ModelVersion | None,
    held_out: PhaseResult,
    panel: PhaseResult,
) -> Verdict:
    verdict = Verdict(changed=[version.uri for version in changed], challenger=challenger.version, reason="")
    if champion is None:
        promote(config.store, challenger, "the first model")
        return verdict.model_copy(update={"promoted": True, "reason": "there was no model in use"})
    scores = compare(held_out, panel, challenger, champion)
    better = scores["challenger"] >= scores["champion"] - config.tolerance
    told = f"macro-F1 on held-out cells: challenger {scores['challenger']:.3f}, champion {scores['champion']:.3f}"
    if better:
        promote(config.store, challenger, told, champion.version)
        emit_event(PROMOTED, resource=_resource(f"model.{config.tissue}", version=challenger.version))
    return verdict.model_copy(
        update={"scores": scores, "promoted": better, "reason": told if better else f"not promoted, {told}"}
    )


def _champion(config: RefreshConfig) -> ModelVersion | None:
    pointer = registry.current(config.store, config.tissue)
    return None if pointer is None else registry.show(config.store, config.tissue, pointer.version)


def _changed(versions: list[SourceVersion], champion: ModelVersion | None) -> list[SourceVersion]:
    """Return the references whose version is not the one that the model in use was trained on."""
    known = [] if champion is None else [SourceVersion(**item) for item in champion.details.get("references", [])]
    return [version for version in versions if version not in known]


def _announce(config: RefreshConfig, version: SourceVersion) -> None:
    emit_event(
        REFRESHED,
        resource=_resource(f"reference.{config.tissue}", uri=version.uri, token=version.token, tissue=config.tissue),
    )


def _resource(name: str, **labels: str) -> dict[str, str]:
    return {"prefect.resource.id": f"spatialcore.{name}", **labels}


def _tell(verdict: Verdict) -> Verdict:
    get_run_logger().info("%s", verdict.reason)
    return verdict
