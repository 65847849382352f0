"""The last step of the confidence of a model."""

from dataclasses import replace

import numpy as np

from spatialcore.annotation.calls.model_run import _lower_suspected
from spatialcore.annotation.calls.prediction import Prediction


def test_terms_above_a_doubted_class_keep_their_confidence() -> None:
    path = np.array([[0.95, 0.97, np.nan], [0.95, 0.97, 0.99]])
    suspicion = np.array([0.0, 9.0], np.float32)
    prediction = Prediction(np.zeros(2, np.int32), path[:, 0], np.ones(2), suspicion, path, np.empty((2, 0)))
    lowered = _lower_suspected(prediction)
    np.testing.assert_allclose(lowered.confidence, [0.95, 0.68])
    np.testing.assert_allclose(lowered.path, [[0.95, 0.97, np.nan], [0.68, 0.97, 0.99]])
    without_tree = _lower_suspected(replace(prediction, path=np.empty((2, 0))))
    assert without_tree.path.shape == (2, 0)
