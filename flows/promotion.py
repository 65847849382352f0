"""Whether a new model goes into use, and why: the champion is the one in use, the challenger the new one."""

from prefect import get_run_logger
from pydantic import BaseModel

from spatialcore import registry
from spatialcore.annotation.run_config import RunConfig
from spatialcore.registry import ModelVersion


class PromotionDecision(BaseModel):
    """What became of a new model."""

    changed: list[str] = []
    challenger: str = ""
    scores: dict[str, float] = {}
    promoted: bool = False
    reason: str


def champion_of(config: RunConfig) -> ModelVersion | None:
    """Return the model in use for the tissue, or None where there is none yet."""
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
    """Decide whether the challenger goes into use, and say why.

    Parameters
    ----------
    config
        Whose model it is.
    challenger, champion
        The new model, and the one in use where there is one.
    scores
        Macro-F1 of both on cells that the challenger was not trained on.
    tolerance
        What the challenger may lose.
    """
    decision = PromotionDecision(challenger=challenger.version, scores=scores, reason="there was no model in use")
    if champion is None:
        return decision.model_copy(update={"promoted": True})
    if challenger.version == champion.version:
        return decision.model_copy(update={"reason": "the same model came out as is in use"})
    if _was_taken_back(config, challenger):
        return decision.model_copy(
            update={"reason": f"not promoted: {challenger.version} was in use and was rolled back; promote it by hand"}
        )
    told = f"macro-F1 on held-out cells: challenger {scores['challenger']:.3f}, champion {scores['champion']:.3f}"
    if champion.details.get("held_out_share", 0) < challenger.details.get("held_out_share", 0):
        told += " (flattered: it was trained on some of these cells)"
    better = scores["challenger"] >= scores["champion"] - tolerance
    return decision.model_copy(update={"promoted": better, "reason": told if better else f"not promoted, {told}"})


def log_decision(decision: PromotionDecision) -> PromotionDecision:
    """Say in the run's log what was decided."""
    get_run_logger().info("%s", decision.reason)
    return decision


def _was_taken_back(config: RunConfig, challenger: ModelVersion) -> bool:
    """Tell whether this very model was in use and the one before it was put back: a schedule must not undo that."""
    pointer = registry.current(config.store, config.tissue)
    used = [] if pointer is None else [move.version for move in pointer.moves]
    return any(
        before == after != version == challenger.version
        for before, version, after in zip(used, used[1:], used[2:], strict=False)
    )
