"""Decide whether a new model (the challenger) replaces the one in use (the champion)."""

from collections.abc import Sequence

from prefect import get_run_logger
from pydantic import BaseModel

from spatialcore import registry
from spatialcore.annotation.run_config import RunConfig
from spatialcore.registry import ModelVersion
from tasks.schemas import ClassScore, ModelComparison


class PromotionDecision(BaseModel):
    """Whether a new model was put in use, and the reason."""

    changed: list[str] = []
    challenger: str = ""
    scores: dict[str, float] = {}
    classes: tuple[ClassScore, ...] = ()
    lost_classes: tuple[str, ...] = ()
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
    comparison: ModelComparison,
    *,
    tolerance: float,
    allow_lost_classes: bool,
) -> PromotionDecision:
    """Decide whether the challenger is put in use; nothing is changed.

    It is not put in use if it is identical to the champion, was rolled back before, lacks a class of the champion, or
    has a lower macro-F1.

    Parameters
    ----------
    config
        Store and tissue of the model.
    challenger, champion
        The new model, and the one in use, if any.
    comparison
        Macro-F1 of both on held-out cells, and the classes that only one of them has.
    tolerance
        Loss of macro-F1 that is tolerated, between 0 and 1.
    allow_lost_classes
        Whether the challenger may lack classes of the champion.

    Returns
    -------
    PromotionDecision
        With the reason in one sentence.
    """
    decision = PromotionDecision(
        challenger=challenger.version,
        scores=comparison.scores,
        classes=comparison.classes,
        lost_classes=comparison.lost,
        reason="there was no model in use",
    )
    if champion is None:
        return decision.model_copy(update={"promoted": True})
    if challenger.version == champion.version:
        return decision.model_copy(update={"reason": "the new model is identical to the one in use"})
    if _was_rolled_back(config, challenger):
        return decision.model_copy(
            update={"reason": f"not promoted: {challenger.version} was in use and was rolled back; promote it by hand"}
        )
    scores, lost = comparison.scores, describe_lost_classes(comparison.lost)
    summary = f"macro-F1 on held-out cells: challenger {scores['challenger']:.3f}, champion {scores['champion']:.3f}"
    if champion.details.get("held_out_share", 0) < challenger.details.get("held_out_share", 0):
        summary += " (biased: the champion was trained on some of these cells)"
    if lost and not allow_lost_classes:
        reason = f"not promoted: {lost}; allow_lost_classes overrides this ({summary})"
        return decision.model_copy(update={"reason": reason})
    summary += f"; {lost}, as allowed" if lost else ""
    better = scores["challenger"] >= scores["champion"] - tolerance
    return decision.model_copy(update={"promoted": better, "reason": summary if better else f"not promoted, {summary}"})


def describe_lost_classes(lost: Sequence[str]) -> str:
    """Return a text that names the classes of the model in use that the new model lacks; empty if none."""
    return f"the new model lacks {', '.join(map(repr, lost))} of the model in use" if lost else ""


def log_decision(decision: PromotionDecision) -> PromotionDecision:
    """Log the decision and the change of each class, the largest losses first; return the decision."""
    log = get_run_logger()
    log.info("%s", decision.reason)
    for score in sorted(decision.classes, key=_gain):
        change = (score.cell_type, score.champion, score.challenger, score.cells)
        log.info("%s: F1 %.3f -> %.3f on %d held-out cells", *change)
    return decision


def _gain(score: ClassScore) -> float:
    return score.challenger - score.champion


def _was_rolled_back(config: RunConfig, challenger: ModelVersion) -> bool:
    """Return whether this model was in use and was rolled back: a schedule must not undo a rollback."""
    pointer = registry.current(config.store, config.tissue)
    versions = [] if pointer is None else [move.version for move in pointer.moves]
    return any(
        before == after != version == challenger.version
        for before, version, after in zip(versions, versions[1:], versions[2:], strict=False)
    )
