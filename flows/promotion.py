"""Decide whether a new model (the challenger) replaces the one in use (the champion)."""

from prefect import get_run_logger
from pydantic import BaseModel

from spatialcore import registry
from spatialcore.annotation.run_config import RunConfig
from spatialcore.registry import ModelVersion


class PromotionDecision(BaseModel):
    """Whether a new model was put in use, and the reason."""

    changed: list[str] = []
    challenger: str = ""
    scores: dict[str, float] = {}
    promoted: bool = False
    reason: str


def champion_of(config: RunConfig) -> ModelVersion | None:
    """Return the model in use for the tissue, or None."""
    pointer = registry.current(config.store, config.tissue)
    return None if pointer is None else registry.show(config.store, config.tissue, pointer.version)


def decide_promotion(
    config: RunConfig,
    challenger: ModelVersion,
    champion: ModelVersion | None,
    scores: dict[str, float],
    *,
    tolerance: float,
) -> PromotionDecision:
    """Decide whether the challenger is put in use.

    Parameters
    ----------
    config
        Store and tissue of the model.
    challenger, champion
        The new model, and the one in use, if any.
    scores
        Macro-F1 of both on held-out cells.
    tolerance
        The loss of macro-F1 that is tolerated.
    """
    decision = PromotionDecision(challenger=challenger.version, scores=scores, reason="there was no model in use")
    if champion is None:
        return decision.model_copy(update={"promoted": True})
    if challenger.version == champion.version:
        return decision.model_copy(update={"reason": "the new model is identical to the one in use"})
    if _was_rolled_back(config, challenger):
        return decision.model_copy(
            update={"reason": f"not promoted: {challenger.version} was in use and was rolled back; promote it by hand"}
        )
    comparison = f"macro-F1 on held-out cells: challenger {scores['challenger']:.3f}, champion {scores['champion']:.3f}"
    if champion.details.get("held_out_share", 0) < challenger.details.get("held_out_share", 0):
        comparison += " (biased: the champion was trained on some of these cells)"
    better = scores["challenger"] >= scores["champion"] - tolerance
    return decision.model_copy(
        update={"promoted": better, "reason": comparison if better else f"not promoted, {comparison}"}
    )


def log_decision(decision: PromotionDecision) -> PromotionDecision:
    """Log the decision and return it."""
    get_run_logger().info("%s", decision.reason)
    return decision


def _was_rolled_back(config: RunConfig, challenger: ModelVersion) -> bool:
    """Return whether this model was in use and was rolled back: a schedule must not undo a rollback."""
    pointer = registry.current(config.store, config.tissue)
    used = [] if pointer is None else [move.version for move in pointer.moves]
    return any(
        before == after != version == challenger.version
        for before, version, after in zip(used, used[1:], used[2:], strict=False)
    )
