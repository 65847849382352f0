"""The configuration and the functions accept the same values."""

from typing import Any, get_args

import numpy as np
import pytest

from spatialcore.annotation import choices, transform_confidence
from spatialcore.annotation.config import TrainingConfig
from spatialcore.errors import InputError

SETTINGS = {
    "balance_strategy": choices.BalanceStrategy,
    "confidence_transform": choices.ConfidenceMethod,
    "trainer": choices.Trainer,
    "granularity": choices.Granularity,
    "class_names": choices.ClassNames,
    "resolution": choices.ResolutionSetting,
}
PAIRS = [(name, value) for name, literal in SETTINGS.items() for value in get_args(literal)]


def config(**changed: Any) -> TrainingConfig:
    return TrainingConfig(**{"references": ["a.h5ad"], "label_columns": ["cell_type"], **changed})


@pytest.mark.parametrize(("name", "value"), PAIRS)
def test_every_choice_is_a_setting(name: str, value: str) -> None:
    assert getattr(config(**{name: value}), name) == value


@pytest.mark.parametrize("name", SETTINGS)
def test_other_values_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=name):
        config(**{name: "other"})


def test_every_method_except_calibrated_works_without_counts() -> None:
    for method in choices.CONFIDENCE_METHODS:
        if method != "calibrated":
            assert transform_confidence(np.array([[2.0, 0.0]]), method).shape == (1,)
