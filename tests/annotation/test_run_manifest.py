"""Entries of the run manifest."""

import json
import time

import pandas as pd
import pytest
from anndata import AnnData

from spatialcore.annotation import run_manifest
from spatialcore.annotation.config import TrainingConfig
from spatialcore.columns import MANIFEST, REFERENCE_SOURCE, UNIFIED_CELL_TYPE
from tests.cells import cells_with


def test_seconds_of_each_stage(caplog: pytest.LogCaptureFixture) -> None:
    started: list[str] = []
    watch = run_manifest.Stopwatch(started.append)
    with caplog.at_level("INFO", logger="spatialcore"), watch.stage("balance"):
        time.sleep(0.02)
    assert started == ["balance"]
    assert 0.02 <= watch.seconds["balance"] < 1
    assert [record.message for record in caplog.records] == ["balance: 0.0 s"]


def test_the_settings_are_recorded_without_secrets() -> None:
    config = TrainingConfig(
        references=["https://host/ref.h5ad?X-Amz-Signature=secret"], label_columns=["cell_type"], random_state=7
    )
    entries = run_manifest.describe_run(config)
    assert "secret" not in json.dumps(entries)
    assert json.loads(str(entries["config_json"]))["label_columns"] == ["cell_type"]
    assert entries["config_digest"] == config.digest()
    assert entries["random_state"] == 7
    assert "python" in json.loads(str(entries["versions_json"]))


def test_cells_before_and_after_balancing() -> None:
    before = pd.DataFrame({UNIFIED_CELL_TYPE: ["B", "B", "T"], REFERENCE_SOURCE: ["a", "a", "b"]})
    table = run_manifest.composition(before, before.iloc[:1])
    assert table.to_dict("list") == {
        "cell_type": ["B", "T"],
        "source": ["a", "b"],
        "before": [2, 1],
        "after": [1, 0],
    }


def test_entries_are_added() -> None:
    adata = cells_with(x=[1])
    run_manifest.record(adata, tissue="lung", n=1)
    run_manifest.record(adata, n=2)
    assert adata.uns[MANIFEST] == {"tissue": "lung", "n": 2}


def test_training_cells_are_described() -> None:
    obs = {UNIFIED_CELL_TYPE: ["B", "T"], REFERENCE_SOURCE: ["a", "a"]}
    mapped = cells_with(**obs)
    mapped.uns["references_json"] = "[]"
    mapping = pd.DataFrame({"label": ["b"], "score": [1.0]})
    entries = run_manifest.describe_training(mapped, mapped[:1], mapping)
    assert json.loads(entries["label_mapping_json"]) == [{"label": "b", "score": 1.0}]
    assert json.loads(entries["reference_composition_json"])[1] == {
        "cell_type": "T",
        "source": "a",
        "before": 1,
        "after": 0,
    }
    assert "label_mapping_json" not in run_manifest.describe_training(mapped, mapped, None)


@pytest.mark.parametrize("other_value", ["a text", 3.0, ["a", "list"], None])
def test_other_values_under_the_name_of_the_manifest_are_ignored(other_value: object) -> None:
    adata = AnnData(uns={MANIFEST: other_value})
    assert run_manifest.manifest_of(adata) == {}
    assert not run_manifest.is_annotated(adata.uns)
    run_manifest.record(adata, n_unassigned=2)
    assert adata.uns[MANIFEST] == {"n_unassigned": 2}
