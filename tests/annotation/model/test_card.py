"""The model card agrees with the sidecar."""

import json
import re
from pathlib import Path
from typing import Any

from spatialcore.annotation.model.artifact import card_path, sidecar_path
from spatialcore.annotation.model.card import render_card

CARD: dict[str, Any] = {
    "name": "lung",
    "tissue": "lung",
    "classes": ["B cell", "T|cell"],
    "genes": ["MS4A1", "CD3D", "ACTB"],
    "target_sum": 10_000.0,
    "sha256": "abc",
    "training": {"trainer": "logistic", "n_cells": 1200, "n_unlabelled": 3, "cells_per_class": {"B cell": 700}},
}


def test_the_card_has_the_content_of_the_sidecar(trained: Path, recipe: Path) -> None:
    text, sidecar = card_path(trained).read_text(), json.loads(sidecar_path(trained).read_text())
    assert sidecar["sha256"] in text
    assert f"accuracy {sidecar['heldout']['accuracy']:.3f}" in text
    for name, score in sidecar["heldout"]["f1"].items():
        assert re.search(rf"\| {name} \|.*\| {score:.3f} \|", text)
    assert "## Intended use" in text
    assert "## Calibration curve" in text
    assert "None were measured" in card_path(recipe).read_text()


def test_a_card_without_held_out_cells() -> None:
    text = render_card(CARD)
    assert text.startswith("# Model card: lung\n")
    assert "2 cell types, 3 genes, trainer `logistic`" in text
    assert "1,200 labelled cells, 3 without a label." in text
    assert "| B cell |  | 700 |  |  |" in text
    assert r"T\|cell" in text  # a bar in a name does not end a table cell
    assert "a confidence of 0.8 does not mean 80 % right" in text
    assert "None were measured by this trainer." in text
    assert "Calibration curve" not in text


def test_confusable_pairs_and_the_calibration_curve() -> None:
    confusion = [[80, 20], [10, 90]]
    reliability = [{"low": 0.9, "high": 1.0, "n_cells": 7, "confidence": 0.95, "accuracy": 6 / 7}]
    heldout = {"accuracy": 0.85, "macro_f1": 0.84, "confusion": confusion, "reliability": reliability, "groups": 3}
    text = render_card({**CARD, "heldout": heldout, "calibration": {}})
    assert "accuracy 0.850, macro-F1 0.840" in text
    assert "whole sources or donors (3 of them)" in text
    assert "| 0.9 to 1.0 | 7 | 0.950 | 0.857 |" in text
    assert re.search(r"\| B cell / T\\\|cell \| 15 % \|", text)


def test_the_prevailing_class_of_the_query() -> None:
    platform = {"matched_to": "query", "query_cells": 900, "median_depth": 80.0, "ambient_share": 0.05}
    assert "expects such a composition" not in render_card({**CARD, "platform": platform})
    text = render_card({**CARD, "platform": {**platform, "prevailing_class": "T|cell", "prevailing_share": 0.914}})
    assert r"Of these, 91 % are T\|cell: the model expects such a composition." in text
