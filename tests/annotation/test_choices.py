"""The allowed values: what the configuration accepts, and what the functions accept."""

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
def test_no_other_value_is(name: str) -> None:
    with pytest.raises(InputError, match=name):
        config(**{name: "other"})


def test_every_method_has_a_confidence_but_the_calibrated_which_needs_counts() -> None:
    for method in choices.CONFIDENCE_METHODS:
        if method != "calibrated":
            assert transform_confidence(np.array([[2.0, 0.0]]), method).shape == (1,)
