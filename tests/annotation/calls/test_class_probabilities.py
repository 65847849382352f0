"""Probabilities of all classes, and of none."""

import numpy as np

from spatialcore.annotation.calls.class_probabilities import class_probabilities, fit_probability


def test_probabilities_sum_to_the_share_of_cells_of_any_class(rng: np.random.Generator) -> None:
    scores, confidence = rng.normal(size=(4, 3)), np.array([0.2, 0.5, 0.7, 0.99])
    fit = np.array([1.0, 0.4, 0.9, 0.9])
    shares = class_probabilities(scores, scores.argmax(axis=1), confidence, fit=fit)
    np.testing.assert_allclose(shares.sum(axis=1), np.maximum(fit, confidence))
    np.testing.assert_allclose(shares.max(axis=1)[3], 0.99)


def test_cells_far_from_their_class_profile_have_no_class() -> None:
    assert fit_probability(np.array([-20.0, -9.0])).max() < 0.01
    assert fit_probability(np.array([-2.0, 0.0, 3.0])).min() > 0.99
