"""What the description of a model says of its training."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from spatialcore import columns
from spatialcore.annotation.training.classes import ClassLabels
from spatialcore.annotation.training.description import (
    describe_held_out,
    describe_platform,
    describe_prevailing,
    describe_target,
)
from spatialcore.annotation.training.platform.estimate import Platform
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.prevailing import Prevailing
from spatialcore.annotation.training.validation.result import CrossValidationResult

NAMES = ("B cell", "T cell", "mast cell")
PLATFORM = Platform(np.array([40.0, 60.0, 80.0]), np.ones(4), 0.1, np.full(4, 0.25))


@pytest.fixture
def labels() -> ClassLabels:
    return ClassLabels(np.arange(3), np.arange(3), NAMES, {}, 0)


def result(drawn: bool = False) -> CrossValidationResult:
    rng = np.random.default_rng(0)
    truth, best = rng.integers(0, 2, 90), rng.integers(0, 3, 90)
    return CrossValidationResult(truth, best, rng.random(90), 3, np.full(90, drawn))


def test_held_out_scores_are_those_of_scikit_learn(labels: ClassLabels) -> None:
    held_out = result()
    described = describe_held_out(held_out, labels, [])
    f1 = f1_score(held_out.truth, held_out.best, labels=[0, 1], average=None)
    assert described["accuracy"] == pytest.approx(accuracy_score(held_out.truth, held_out.best))
    assert described["macro_f1"] == pytest.approx(f1.mean())
    assert described["f1"] == pytest.approx({"B cell": f1[0], "T cell": f1[1]}, abs=1e-4)  # no held-out mast cell
    assert described["confusion"] == confusion_matrix(held_out.truth, held_out.best, labels=[0, 1, 2]).tolist()
    assert not {"groups", "cells_from"} & described.keys()


def test_groups_and_cells_of_profiles_are_stated(labels: ClassLabels) -> None:
    described = describe_held_out(result(drawn=True), labels, [np.array([0, 1, 1]), np.array([0, 4, 2])])
    assert (described["groups"], described["cells_from"]) == (5, columns.KIND_PROFILES)


def test_what_the_reference_was_matched_to() -> None:
    assert describe_target(TargetPlatform(), None) == {"matched_to": "nothing"}
    assert describe_target(TargetPlatform(depths=np.array([5.0])), None) == {"matched_to": "depths"}
    described = describe_target(TargetPlatform(PLATFORM), None)
    assert described == {"matched_to": "query", "median_depth": 60.0, "ambient_share": 0.1, "query_cells": 3}
    assert describe_platform(PLATFORM, 0.2)["mixed_share"] == 0.2


def test_the_class_of_most_cells(labels: ClassLabels) -> None:
    assert describe_prevailing(None, labels) == {}
    prevailing = Prevailing(np.array([0.1, 0.8, 0.1]), strength=1.0, temperature=1.0)
    assert describe_prevailing(prevailing, labels) == {"prevailing_class": "T cell", "prevailing_share": 0.8}
