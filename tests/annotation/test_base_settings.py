"""Settings are read from and written to YAML and dicts; their errors list all invalid values."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from spatialcore.annotation import TrainingConfig
from spatialcore.annotation.config import AnnotationSettings
from spatialcore.errors import FileMissingError, InputError

BASE: dict[str, Any] = {"references": ["a.h5ad", "gs://b/b.h5ad"], "label_columns": ["cell_type", "labels"]}


def test_all_invalid_values_are_in_one_error() -> None:
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
def test_invalid_yaml_is_refused_with_its_path(content: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(content)
    with pytest.raises(InputError, match=r"c\.yaml"):
        TrainingConfig.from_yaml(tmp_path / "c.yaml")


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"\x89HDF\r\n\x1a\n\xff\xfe")
    with pytest.raises(InputError, match=r"c\.yaml is not a text file"):
        TrainingConfig.from_yaml(tmp_path / "c.yaml")


def test_a_missing_file_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=r"c\.yaml"):
        TrainingConfig.from_yaml(tmp_path / "c.yaml")


def test_the_digest_is_that_of_the_values() -> None:
    config, same = TrainingConfig(**BASE), TrainingConfig(**dict(reversed(BASE.items())))
    assert config.digest() == same.digest()
    assert config.digest() != TrainingConfig(**BASE, tissue="lung").digest()
    assert config.digest("references") == TrainingConfig(**BASE, tissue="lung").digest("references")


def test_a_configuration_built_directly_raises_the_same_error() -> None:
    with pytest.raises(InputError, match=r"TrainingConfig: confidence_threshold is 7, expected at most 1"):
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


def test_a_representation_is_one_line() -> None:
    config = TrainingConfig(references=["a.h5ad"], label_columns=["x"])
    assert repr(config).startswith("TrainingConfig(tissue='unknown', ")
    assert "\n" not in repr(config)


def test_numbers_in_errors_are_rounded() -> None:
    with pytest.raises(InputError, match=r"is 1\.23457, expected"):
        TrainingConfig(label_columns=["x"], confidence_threshold=1.2345678901234567)


@pytest.mark.parametrize(("name", "value"), [("tissue", 3), ("confidence_threshold", 7), ("thresh", 0.5)])
def test_assignment_raises_the_error_of_the_constructor(name: str, value: object) -> None:
    config = TrainingConfig(references=["a.h5ad"], label_columns=["x"])
    with pytest.raises(InputError, match=rf"TrainingConfig: (unknown setting )?{name}\b"):
        setattr(config, name, value)


def test_dask_identifies_settings_by_their_content() -> None:
    tokenize = pytest.importorskip("dask.base", reason="dask is not installed").tokenize
    settings = AnnotationSettings(tissue="lung")
    assert tokenize(settings) == tokenize(AnnotationSettings(tissue="lung"))
    assert tokenize(settings) != tokenize(AnnotationSettings(tissue="skin"))
