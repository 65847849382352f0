"""Training settings: defaults, and values that are refused."""

import dataclasses
import inspect
from typing import Any

import pytest

from spatialcore.annotation import TrainingConfig, train_and_annotate
from spatialcore.annotation.config import FurtherSettings
from spatialcore.annotation.run_config import RunConfig
from spatialcore.errors import InputError

BASE: dict[str, Any] = {"references": ["a.h5ad", "gs://b/b.h5ad"], "label_columns": ["cell_type", "labels"]}


def test_the_defaults_of_the_specification() -> None:
    config = TrainingConfig(label_columns=["cell_type"])
    assert (config.tissue, config.references, config.balance_strategy) == ("unknown", [], "proportional")
    assert (config.max_cells_per_type, config.max_cells_per_ref) == (5000, 100_000)
    assert config.target_proportions is None
    assert (config.confidence_threshold, config.add_ontology, config.generate_plots) == (0.8, True, True)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"confidence_threshold": 7}, "confidence_threshold"),
        ({"confidence_threshold": float("nan")}, "confidence_threshold"),
        ({"max_cells_per_type": -1}, "max_cells_per_type"),
        ({"max_cells_per_type": True}, "max_cells_per_type"),
        ({"max_cells_per_ref": 0}, "max_cells_per_ref"),
        ({"balance_strategy": "foo"}, "balance_strategy"),
        ({"references": "a.h5ad"}, "references"),
        ({"label_columns": "cell_type"}, "label_columns"),
        ({"label_columns": ["a", "b", "c"]}, "label_columns"),
        ({"label_columns": []}, "label_columns"),
        ({"exclude_labels": "Unknown"}, "exclude_labels"),
        ({"target_proportions": {"NK": 2}}, "target_proportions"),
        ({"target_proportions": {"NK": 0.7, "B": 0.7}}, "target_proportions"),
        ({"min_gene_overlap_pct": 101}, "min_gene_overlap_pct"),
        ({"random_state": -1}, "random_state"),
        ({"treshold": 0.5}, "treshold"),
    ],
)
def test_invalid_values_are_reported_with_their_field(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError, match=field) as error:
        TrainingConfig.from_dict({**BASE, **changed})
    assert "settings: tissue" not in str(error.value), "the message lists all settings"
    with pytest.raises(InputError, match=field):
        TrainingConfig(**{**BASE, **changed})


def test_similar_settings_are_suggested_for_an_unknown_name() -> None:
    with pytest.raises(InputError) as error:
        RunConfig.from_dict(
            {"queries": ["q"], "references": [{"uri": "r", "labl_colum": "x"}], "confidence_treshold": 1}
        )
    assert error.value.hint == (
        "references.0.labl_colum: did you mean label_column? "
        "confidence_treshold: did you mean confidence_threshold or confidence_transform?"
    )
    with pytest.raises(InputError, match=r"settings: tissue, .*, dask_address"):
        RunConfig.from_dict({"queries": ["q"], "references": ["r"], "zzz": 1})


def test_label_columns_is_required() -> None:
    with pytest.raises(InputError, match="label_columns"):
        TrainingConfig.from_dict({"references": ["a.h5ad"]})


def test_editors_see_every_setting_of_train_and_annotate() -> None:
    named = set(inspect.signature(train_and_annotate).parameters) - {"settings"}
    assert set(FurtherSettings.__annotations__) == set(TrainingConfig.model_fields) - named


def test_fields_of_the_dataclass_have_the_defaults_of_the_specification() -> None:
    fields = {field.name: field for field in dataclasses.fields(TrainingConfig)}
    assert fields["label_columns"].default is fields["label_columns"].default_factory is dataclasses.MISSING
    assert fields["references"].default_factory() == []
    assert (fields["max_cells_per_type"].default, fields["tissue"].default) == (5000, "unknown")
