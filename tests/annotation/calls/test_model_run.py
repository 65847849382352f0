"""The last step of the confidence of a model."""

from dataclasses import replace

import numpy as np

from spatialcore.annotation.calls.model_run import _lower_suspected
from spatialcore.annotation.calls.prediction import Prediction
from spatialcore.annotation.model.reference_fit import ReferenceFit
from spatialcore.annotation.unknown.suspicion import UnseenEvidence
from spatialcore.annotation.unknown.unseen import NO_GROUP, ClusterEvidence

PATH = np.array([[0.95, 0.97, np.nan], [0.95, 0.97, 0.99], [0.95, 0.97, 0.99]])


def evidence(suspicion: np.ndarray) -> ClusterEvidence:
    unseen = UnseenEvidence(np.full(suspicion.shape[:2], 0.25), suspicion)
    return ClusterEvidence(ReferenceFit(1.0, 500), None, np.zeros(0), np.zeros(0), suspicion.shape[1], unseen, True)


def prediction(group: list[int]) -> Prediction:
    path = PATH.copy()
    groups = np.array(group, np.int32)
    return Prediction(np.zeros(3, np.int32), path[:, 0].copy(), np.ones(3), groups, path, np.empty((3, 0)))


def test_terms_above_a_doubted_class_keep_their_confidence() -> None:
    suspicion = np.zeros((2, 2, 3))
    suspicion[1, 0, 0] = 9.0
    lowered = _lower_suspected(prediction([0, 2, NO_GROUP]), evidence(suspicion))
    np.testing.assert_allclose(lowered.confidence, [0.95, 0.743, 0.95])
    np.testing.assert_allclose(lowered.path, [PATH[0], [0.743, 0.97, 0.99], PATH[2]])


def test_doubted_terms_are_lowered_up_to_the_first_that_is_not() -> None:
    suspicion = np.zeros((1, 1, 3))
    suspicion[0, 0] = [9.0, 3.0, 0.0]
    lowered = _lower_suspected(prediction([NO_GROUP, 0, 0]), evidence(suspicion))
    np.testing.assert_allclose(lowered.path, [PATH[0], [0.743, 0.7825, 0.99], [0.743, 0.7825, 0.99]])


def test_without_clusters_suspicion_or_tree() -> None:
    calls = prediction([0, 0, 0])
    assert _lower_suspected(calls, None) is calls
    assert _lower_suspected(calls, evidence(np.zeros((1, 1, 3)))) is calls
    without_tree = _lower_suspected(replace(calls, path=np.empty((3, 0))), evidence(np.full((1, 1, 1), 9.0)))
    assert without_tree.path.shape == (3, 0)
    np.testing.assert_allclose(without_tree.confidence, 0.743)
