"""The configuration of a run: short forms, checks, digests, YAML."""

from pathlib import Path
from typing import Any

import pytest

from flows.parameters import AnnotateParameters
from spatialcore.annotation import RunConfig
from spatialcore.annotation.run_config import Query, Reference
from spatialcore.annotation.stages import SETTINGS
from spatialcore.cli.options import overlay
from spatialcore.errors import InputError


def config(**changes: Any) -> RunConfig:
    return RunConfig.from_dict({"queries": ["cells.h5ad"], "references": ["a.h5ad:annotation"], **changes})


@pytest.mark.parametrize(
    ("text", "uri", "column"),
    [
        ("a.h5ad:annotation", "a.h5ad", "annotation"),
        ("a.h5ad", "a.h5ad", "cell_type"),
        ("s3://bucket/a.h5ad:label", "s3://bucket/a.h5ad", "label"),
        ("s3://bucket/a.h5ad", "s3://bucket/a.h5ad", "cell_type"),
        ("cellxgene://?tissue=lung&disease=normal", "cellxgene://?tissue=lung&disease=normal", "cell_type"),
        ("synapse://syn123.2:ct", "synapse://syn123.2", "ct"),
    ],
)
def test_a_reference_is_a_path_and_a_column(text: str, uri: str, column: str) -> None:
    reference = config(references=[text]).references[0]
    assert (reference.uri, reference.label_column) == (uri, column)


def test_a_query_is_named_after_its_file_or_as_set() -> None:
    made = config(queries=["s3://b/run1/lung_7.h5ad", {"uri": "out/xenium_2/", "sample": "B"}])
    assert [query.name for query in made.queries] == ["lung_7", "B"]


def test_a_query_states_the_unit_of_its_coordinates() -> None:
    assert [query.unit for query in config(queries=["a.h5ad", {"uri": "b.h5ad", "unit": "um"}]).queries] == ["", "µm"]
    with pytest.raises(InputError, match=r"queries\.0\.unit: 'inch' is not a unit"):
        config(queries=[{"uri": "b.h5ad", "unit": "inch"}])


def test_queries_and_references_built_directly_raise_the_error_of_the_configuration() -> None:
    with pytest.raises(InputError, match="Query: unit: 'inch' is not a unit"):
        Query(uri="a.h5ad", unit="inch")
    with pytest.raises(InputError, match="Reference: uri is '', expected at least 1 character"):
        Reference(uri="")


def test_an_invalid_name_is_reported_once_with_a_hint() -> None:
    with pytest.raises(InputError) as error:
        config(tissue="../x")
    assert error.value.message == "configuration: tissue: the name '../x' begins with a dot"
    assert "no slash" in error.value.hint


def test_two_queries_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="called cells"):
        config(queries=["a/cells.h5ad", "b/cells.h5ad"])


def test_unknown_keys_and_invalid_values_are_in_one_error() -> None:
    with pytest.raises(InputError) as error:
        config(confidence_threshold=7, balance_strategy="foo", max_cell_per_type=3)
    text = str(error.value)
    assert all(
        word in text
        for word in ("confidence_threshold", "balance_strategy", "max_cell_per_type", "is 7, expected at most 1")
    )


def test_references_given_as_one_string_are_refused() -> None:
    with pytest.raises(InputError, match="expected a list"):
        config(references="a.h5ad")


def test_yaml_round_trip(tmp_path: Path) -> None:
    before = config(tissue="lung", exclude_labels=["debris"], target_proportions={"NK cell": 0.0025})
    before.to_yaml(tmp_path / "run.yaml")
    after = RunConfig.from_yaml(tmp_path / "run.yaml")
    assert after == before
    assert after.digest() == before.digest()


def test_a_digest_of_some_settings_ignores_the_others() -> None:
    strict, loose = config(confidence_threshold=0.9), config(confidence_threshold=0.5)
    assert strict.digest(*SETTINGS["train"]) == loose.digest(*SETTINGS["train"])
    assert strict.digest(*SETTINGS["keep_confident"]) != loose.digest(*SETTINGS["keep_confident"])


def test_the_training_settings_have_every_shared_setting() -> None:
    training = config(references=["a.h5ad:x", "b.h5ad"], tissue="skin", random_state=3).training()
    assert training.references == ["a.h5ad", "b.h5ad"]
    assert training.column_of_each() == ["x", "cell_type"]
    assert (training.tissue, training.random_state) == ("skin", 3)


def test_every_setting_of_a_phase_exists() -> None:
    fields = set(config().training().model_fields_set) | set(type(config().training()).model_fields)
    assert {name for names in SETTINGS.values() for name in names} <= fields


def test_every_setting_is_used_by_some_phase() -> None:
    used = {name for names in SETTINGS.values() for name in names}
    assert set(type(config().training()).model_fields) - used == {"references"}


@pytest.mark.parametrize(("given", "setting"), [({}, "panel"), ({"resolution": "class"}, "class")])
def test_a_resolution_of_the_user_differs_from_the_default(given: dict[str, str], setting: str) -> None:
    assert config(**given).training().resolution == setting
    settings = overlay(None, [f"{name}={value}" for name, value in given.items()])
    assert config(**settings).resolution == setting
    assert AnnotateParameters(queries=["q.h5ad"], tissue="skin", **given).resolution == setting  # type: ignore[arg-type]


@pytest.mark.parametrize("column", ["cell_type", "Cell type", "res:0.5", "CD4/CD8"])
def test_a_label_column_after_an_existing_path_may_have_any_character(column: str, tmp_path: Path) -> None:
    path = tmp_path / "ref.h5ad"
    path.touch()
    reference = Reference.model_validate(f"{path}:{column}")
    assert (reference.uri, reference.label_column) == (str(path), column)


def test_unknown_settings_of_an_entry_are_answered_with_its_settings() -> None:
    with pytest.raises(InputError, match=r"unknown setting references\.0\.path") as error:
        config(references=[{"path": "a.h5ad"}])
    assert error.value.hint == "settings of references: uri, label_column"


def test_a_reference_listed_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r"references are listed twice: a\.h5ad"):
        RunConfig.from_dict({"queries": ["q.h5ad"], "references": ["a.h5ad:cell_type", "a.h5ad:cell_type"]})
