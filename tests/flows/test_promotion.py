"""Whether a new model is promoted."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import flows.train_and_annotate  # noqa: F401  (loads the module, which the flow's name hides)
from flows.parameters import TrainAndAnnotateParameters
from flows.promotion import decide_promotion, describe_lost_classes
from tasks.schemas import ModelComparison

main_flow: Any = sys.modules["flows.train_and_annotate"]


@pytest.mark.parametrize("promote", ["always", "if_not_worse"])
def test_a_run_without_a_tissue_promotes_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, promote: str
) -> None:
    monkeypatch.setattr(main_flow, "log_decision", lambda decision: decision)
    monkeypatch.setattr(main_flow, "promote", lambda *_: pytest.fail("the model was promoted"))
    config = TrainAndAnnotateParameters(queries=["q.h5ad"], references=["r.h5ad"], store=str(tmp_path), promote=promote)
    decision = main_flow._decide(config, SimpleNamespace(run_id="unknown-1"), None, None)
    assert (decision.promoted, decision.reason) == (False, "not put in use: the run names no tissue")


def version(name: str) -> Any:
    return SimpleNamespace(version=name, details={})


@pytest.mark.parametrize(
    ("scores", "lost", "allowed", "promoted"),
    [
        ((0.7, 0.6), (), False, True),
        ((0.5, 0.6), (), False, False),
        ((0.7, 0.6), ("B cell",), False, False),
        ((0.7, 0.6), ("B cell",), True, True),
        ((0.5, 0.6), ("B cell",), True, False),
    ],
)
def test_a_model_with_a_lost_class_is_not_promoted_despite_a_better_score(
    tmp_path: Path, scores: tuple[float, float], lost: tuple[str, ...], allowed: bool, promoted: bool
) -> None:
    config = TrainAndAnnotateParameters(tissue="lung", queries=["q.h5ad"], references=["r.h5ad"], store=str(tmp_path))
    comparison = ModelComparison(scores=dict(zip(("challenger", "champion"), scores, strict=True)), lost=lost)
    decision = decide_promotion(
        config, version("new"), version("old"), comparison, tolerance=0.0, allow_lost_classes=allowed
    )
    assert decision.promoted is promoted
    assert ("'B cell'" in decision.reason) is bool(lost)


def test_the_reason_names_lost_classes() -> None:
    assert describe_lost_classes([]) == ""
    assert describe_lost_classes(["a, b", "c"]) == "the new model lacks 'a, b', 'c' of the model in use"
