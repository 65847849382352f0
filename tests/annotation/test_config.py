"""The configuration: what it refuses, and that it comes back from YAML as it went in."""

import dataclasses
import inspect
from pathlib import Path
from typing import Any

import pytest

from spatialcore.annotation import TrainingConfig, train_and_annotate
from spatialcore.annotation.config import AnnotationSettings, FurtherSettings
from spatialcore.annotation.run_config import RunConfig
from spatialcore.errors import FileMissingError, InputError

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
def test_values_are_checked_and_the_field_is_named(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError, match=field) as caught:
        TrainingConfig.from_dict({**BASE, **changed})
    assert "settings: tissue" not in str(caught.value), "a list of them all would hide what is wrong"
    with pytest.raises(InputError, match=field):
        TrainingConfig(**{**BASE, **changed})


def test_a_wrong_name_is_told_what_it_was_meant_to_be() -> None:
    with pytest.raises(InputError) as caught:
        RunConfig.from_dict(
            {"queries": ["q"], "references": [{"uri": "r", "labl_colum": "x"}], "confidence_treshold": 1}
        )
    assert caught.value.hint == (
        "labl_colum: did you mean label_column? "
        "confidence_treshold: did you mean confidence_threshold or confidence_transform?"
    )
    with pytest.raises(InputError, match=r"settings: tissue, .*, dask_address"):
        RunConfig.from_dict({"queries": ["q"], "references": ["r"], "zzz": 1})


def test_label_columns_is_required() -> None:
    with pytest.raises(InputError, match="label_columns"):
        TrainingConfig.from_dict({"references": ["a.h5ad"]})


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InputError, match=r"confidence_threshold.*max_cells_per_ref|max_cells_per_ref.*confidence"):
        TrainingConfig.from_dict({**BASE, "confidence_threshold": 7, "max_cells_per_ref": -1})


def test_yaml_and_back_with_paths(tmp_path: Path) -> None:
    config = TrainingConfig(
        references=[Path("a.h5ad"), "s3://b/c.h5ad"],
        label_columns=["cell_type"],
        target_proportions=Path("shares.csv"),
        tissue="lung",
    )
    config.to_yaml(tmp_path / "c.yaml")
    assert TrainingConfig.from_yaml(tmp_path / "c.yaml") == config
    assert config.column_of_each() == ["cell_type", "cell_type"]


@pytest.mark.parametrize(
    "content", ["", "- a\n- b\n", "tissue: [lung\n", "tissue: !!python/object/new:os.system [id]\n", "\t:", "a: b: c"]
)
def test_what_is_no_configuration(content: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(content)
    with pytest.raises(InputError, match=r"c\.yaml"):
        TrainingConfig.from_yaml(tmp_path / "c.yaml")


def test_a_binary_file_is_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"\x89HDF\r\n\x1a\n\xff\xfe")
    with pytest.raises(InputError, match=r"c\.yaml is not a text file"):
        TrainingConfig.from_yaml(tmp_path / "c.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=r"c\.yaml"):
        TrainingConfig.from_yaml(tmp_path / "c.yaml")


def test_the_digest_is_that_of_the_values() -> None:
    config, same = TrainingConfig(**BASE), TrainingConfig(**dict(reversed(BASE.items())))
    assert config.digest() == same.digest()
    assert config.digest() != TrainingConfig(**BASE, tissue="lung").digest()
    assert config.digest("references") == TrainingConfig(**BASE, tissue="lung").digest("references")


def test_editors_see_every_setting_of_train_and_annotate() -> None:
    named = set(inspect.signature(train_and_annotate).parameters) - {"settings"}
    assert set(FurtherSettings.__annotations__) == set(TrainingConfig.model_fields) - named


def test_a_configuration_built_directly_raises_the_same_error() -> None:
    with pytest.raises(InputError, match=r"TrainingConfig: confidence_threshold: .*less than or equal to 1"):
        TrainingConfig(references=["a.h5ad"], label_columns=["x"], confidence_threshold=7)
    with pytest.raises(InputError, match="thresh") as error:
        TrainingConfig(references=["a.h5ad"], label_columns=["x"], confidence_thresh=0.5)
    assert error.value.hint.startswith("confidence_thresh: did you mean confidence_threshold")


def test_a_configuration_is_a_dict_and_back() -> None:
    config = TrainingConfig(references=["a.h5ad"], label_columns=["x"], confidence_threshold=0.5)
    assert config.to_dict()["confidence_threshold"] == 0.5
    assert TrainingConfig.from_dict(config.to_dict()) == config


def test_a_configuration_can_be_used_as_a_dataclass() -> None:
    config = TrainingConfig(references=["a.h5ad"], label_columns=["x"], tissue="lung", taxonomy_levels=["class"])
    assert dataclasses.is_dataclass(config)
    assert dataclasses.asdict(config) == config.to_dict() == {name: getattr(config, name) for name in vars(config)}
    assert TrainingConfig(**dataclasses.asdict(config)) == config
    changed = dataclasses.replace(config, confidence_threshold=0.5)
    assert (changed.confidence_threshold, config.confidence_threshold) == (0.5, 0.8)
    with pytest.raises(InputError, match="confidence_threshold"):
        dataclasses.replace(config, confidence_threshold=7)


def test_fields_of_the_dataclass_have_the_defaults_of_the_specification() -> None:
    fields = {field.name: field for field in dataclasses.fields(TrainingConfig)}
    assert fields["label_columns"].default is fields["label_columns"].default_factory is dataclasses.MISSING
    assert fields["references"].default_factory() == []
    assert (fields["max_cells_per_type"].default, fields["tissue"].default) == (5000, "unknown")


def test_a_representation_is_one_line() -> None:
    config = TrainingConfig(references=["a.h5ad"], label_columns=["x"])
    assert repr(config).startswith("TrainingConfig(tissue='unknown', ")
    assert "\n" not in repr(config)


def test_numbers_in_errors_are_rounded() -> None:
    with pytest.raises(InputError, match=r"\(seen: 1\.23457\)"):
        TrainingConfig(label_columns=["x"], confidence_threshold=1.2345678901234567)


@pytest.mark.parametrize(("name", "value"), [("tissue", 3), ("confidence_threshold", 7), ("thresh", 0.5)])
def test_assignment_raises_the_error_of_the_constructor(name: str, value: object) -> None:
    config = TrainingConfig(references=["a.h5ad"], label_columns=["x"])
    with pytest.raises(InputError, match=f"TrainingConfig: {name}: "):
        setattr(config, name, value)


def test_dask_identifies_settings_by_their_content() -> None:
    tokenize = pytest.importorskip("dask.base", reason="dask is not installed").tokenize
    settings = AnnotationSettings(tissue="lung")
    assert tokenize(settings) == tokenize(AnnotationSettings(tissue="lung"))
    assert tokenize(settings) != tokenize(AnnotationSettings(tissue="skin"))
