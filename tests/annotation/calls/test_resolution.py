"""Pairs of classes that the model confuses."""

import numpy as np

from spatialcore.annotation.calls.resolution import confusable_pairs


def test_a_pair_is_confusable_by_its_rates_not_by_its_sizes() -> None:
    pairs = confusable_pairs([[6, 4, 0], [100, 900, 0], [0, 0, 50]], ("a", "b", "c"))
    assert pairs == [{"classes": ["a", "b"], "share": 0.25}]
    assert confusable_pairs(np.eye(3) * 9, ("a", "b", "c")) == []
