"""Which settings and inputs change a cache key."""

from typing import Any

import pytest

from spatialcore.annotation.run_config import RunConfig
from tasks import cache_keys
from tasks.cache_keys import CODE_VERSIONS, settings_digest, stage_key, training_settings


def config(**settings: Any) -> RunConfig:
    return RunConfig.from_dict({"queries": ["q.h5ad"], "references": ["r.h5ad:label"], **settings})


@pytest.mark.parametrize(
    ("setting", "value", "changed"),
    [
        ("confidence_threshold", 0.5, {"keep_confident", "plot"}),
        ("max_cells_per_type", 7, {"balance"}),
        ("granularity", "full", {"map_ontology"}),
        ("trainer", "celltypist", {"train"}),
        ("resolution", "auto", {"annotate", "keep_confident"}),
        ("store", "s3://lab/store", set()),
    ],
)
def test_a_setting_changes_the_keys_of_the_stages_that_use_it(setting: str, value: object, changed: set[str]) -> None:
    before, after = config(), config(**{setting: value})
    differing = {stage for stage in CODE_VERSIONS if settings_digest(stage, before) != settings_digest(stage, after)}
    assert differing == changed


@pytest.mark.parametrize(
    ("setting", "value", "same"), [("confidence_threshold", 0.5, True), ("trainer", "celltypist", False)]
)
def test_only_settings_of_the_model_require_a_new_model(setting: str, value: object, same: bool) -> None:
    assert (training_settings(config()) == training_settings(config(**{setting: value}))) is same


def test_stage_settings_inputs_and_their_order_are_in_the_key() -> None:
    keys = [
        stage_key("combine", "s", ["a", "b"]),
        stage_key("combine", "s", ["b", "a"]),
        stage_key("combine", "t", ["a", "b"]),
        stage_key("balance", "s", ["a", "b"]),
    ]
    assert len(set(keys)) == 4
    assert keys[0].startswith("combine-")


def test_the_code_version_and_the_release_are_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [stage_key("train", "s", [])]
    monkeypatch.setitem(CODE_VERSIONS, "train", CODE_VERSIONS["train"] + 1)
    keys.append(stage_key("train", "s", []))
    monkeypatch.setattr(cache_keys, "__version__", "99.0")
    keys.append(stage_key("train", "s", []))
    assert len(set(keys)) == 3
