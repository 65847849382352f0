"""Every stage is a function, and its settings are fields of the configuration."""

from spatialcore.annotation import stages
from spatialcore.annotation.config import TrainingConfig


def test_every_stage_of_the_order_is_a_function_with_settings() -> None:
    order = (*stages.TRAINING_ORDER, *stages.ANNOTATION_ORDER)
    assert set(order) == set(stages.SETTINGS)
    assert all(callable(getattr(stages, name)) for name in order)


def test_settings_of_stages_are_settings() -> None:
    fields = set(TrainingConfig.model_fields)
    assert {name for names in stages.SETTINGS.values() for name in names} <= fields
    unused = fields - {name for names in stages.SETTINGS.values() for name in names}
    assert unused == {"references"}  # identified by content, not by name
