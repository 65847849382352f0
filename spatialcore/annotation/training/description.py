"""The parts of a model card that describe its training: held-out scores, platform, groups of the reference."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from spatialcore import columns
from spatialcore.annotation.training.classes import ClassLabels
from spatialcore.annotation.training.platform.estimate import Platform
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.prevailing import Prevailing
from spatialcore.annotation.training.validation.query_shift import QueryShift
from spatialcore.annotation.training.validation.result import CrossValidationResult
from spatialcore.core.types import Codes


def describe_held_out(result: CrossValidationResult, labels: ClassLabels, groups: Sequence[Codes]) -> dict[str, Any]:
    """Return scores of the held-out cells, and the number of groups left out, if any."""
    confusion = result.confusion()
    right, truth, called = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    f1 = np.divide(2 * right, truth + called, out=np.zeros(len(right)), where=truth + called > 0)
    return {
        "accuracy": float(right.sum() / max(1, truth.sum())),
        "macro_f1": float(f1[truth > 0].mean()) if (truth > 0).any() else 0.0,
        "f1": {name: value for name, value, n in zip(labels.names, f1.round(4).tolist(), truth, strict=True) if n > 0},
        "cells": dict(zip(labels.names, truth.tolist(), strict=True)),
        "confusion": confusion.tolist(),
        **({"cells_from": columns.KIND_PROFILES} if result.drawn.any() else {}),
        "reliability": result.reliability(),
        **({"groups": max(int(group.max()) + 1 for group in groups)} if groups else {}),
    }


def describe_target(target: TargetPlatform, shift: QueryShift | None) -> dict[str, Any]:
    """Return to what the reference was matched, and the platform of the query."""
    if target.platform is None:
        return {"matched_to": "depths" if target.depths is not None else "nothing"}
    mixing = None if shift is None else shift.mixing
    return {"matched_to": "query", **describe_platform(target.platform, mixing)}


def describe_platform(platform: Platform, mixing: float | None) -> dict[str, float | int]:
    """Return depth, ambient share, number of cells and, for imaging data, the share of mixed counts."""
    described = {
        "median_depth": platform.median_depth,
        "ambient_share": platform.ambient,
        "query_cells": len(platform.depths),
    }
    return described if mixing is None else {**described, "mixed_share": mixing}


def describe_prevailing(prevailing: Prevailing | None, labels: ClassLabels) -> dict[str, Any]:
    """Return the class of most cells of the query and its share; empty if no class prevails."""
    if prevailing is None:
        return {}
    largest = int(prevailing.shares.argmax())
    return {"prevailing_class": labels.names[largest], "prevailing_share": float(prevailing.shares[largest])}
