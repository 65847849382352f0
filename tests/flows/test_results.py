"""The store's memory of results: hits, misses, and what makes a hit a miss."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from spatialcore import storage
from spatialcore.annotation.run_config import RunConfig
from spatialcore.storage import StoredFile
from tasks.anndata_io import keep_in_memory, read_data, view_data
from tasks.artifacts import link_of
from tasks.cache_keys import CODE_VERSIONS, settings_digest, stage_key
from tasks.schemas import CombinedReferences, StageResult, TrainedModel
from tasks.stage_cache import cached_stage, find, local


def make(folder: Path) -> dict[str, Any]:
    (folder / "a.txt").write_text("a")
    (folder / "deep").mkdir()
    (folder / "deep" / "b.txt").write_text("b")
    return {"n": 2}


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path) if request.param == "folder" else f"memory://bucket/{tmp_path.name}"


def test_a_result_is_found_again_with_its_files(store: str) -> None:
    made = cached_stage(CombinedReferences, store, "combine-1", make)
    found = find(storage.join(store, "cache", "combine-1"), CombinedReferences)
    assert found == made
    assert isinstance(found, StageResult)
    assert local(found.files["deep/b.txt"]).read_text() == "b"
    assert found.facts == {"n": 2}


@pytest.mark.parametrize("harm", ["deleted", "altered"])
def test_a_result_whose_file_changed_is_none(store: str, harm: str) -> None:
    made = cached_stage(CombinedReferences, store, "combine-2", make)
    uri = made.files["a.txt"].uri
    if harm == "deleted":
        storage.delete(uri)
    else:
        storage.put_text("something else", uri)
    assert find(storage.join(store, "cache", "combine-2"), CombinedReferences) is None


def test_a_maker_that_fails_leaves_no_result(store: str) -> None:
    def fail(folder: Path) -> dict[str, Any]:
        (folder / "half.txt").write_text("half")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        cached_stage(TrainedModel, store, "train-1", fail)
    assert storage.list_files(store) == []


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
    ],
)
def test_a_setting_changes_the_keys_of_the_phases_that_use_it(setting: str, value: object, changed: set[str]) -> None:
    before, after = config(), config(**{setting: value})
    differing = {phase for phase in CODE_VERSIONS if settings_digest(phase, before) != settings_digest(phase, after)}
    assert differing == changed


def test_keys_tell_phases_inputs_and_their_order_apart() -> None:
    keys = [
        stage_key("combine", "s", ["a", "b"]),
        stage_key("combine", "s", ["b", "a"]),
        stage_key("combine", "t", ["a", "b"]),
        stage_key("balance", "s", ["a", "b"]),
    ]
    assert len(set(keys)) == 4
    assert keys[0].startswith("combine-")


def test_what_is_in_hand_is_given_out_once_and_else_read(store: str) -> None:
    data = ad.AnnData(np.ones((3, 2), dtype=np.float32))

    def write(folder: Path) -> dict[str, Any]:
        data.write_h5ad(folder / "cells.h5ad")
        keep_in_memory("combine-9", data)
        return {}

    file = cached_stage(CombinedReferences, store, "combine-9", write).files["cells.h5ad"]
    assert read_data(file) is data
    read = read_data(file)
    assert read is not data
    assert (read.X == data.X).all()


def test_who_only_looks_leaves_it_in_hand(tmp_path: Path) -> None:
    data = ad.AnnData(np.ones((3, 2), dtype=np.float32))
    file = StoredFile(uri=str(tmp_path / "cache" / "read_query-9" / "query.h5ad"), token="1", sha256="2", size=3)
    keep_in_memory("read_query-9", data)
    assert view_data(file) is view_data(file) is read_data(file) is data


def test_what_was_just_stored_elsewhere_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = cached_stage(CombinedReferences, f"memory://bucket/{tmp_path.name}", "combine-3", make)

    def refuse(*_: object) -> None:
        raise AssertionError("fetched")

    monkeypatch.setattr(storage, "get", refuse)
    assert {name: local(file).read_text() for name, file in made.files.items()} == {"a.txt": "a", "deep/b.txt": "b"}


def test_a_link_leads_to_the_server_of_results_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    uri = "s3://lab/runs/blood-1/a sample/report.html"
    assert link_of(uri, "blood-1") == uri
    assert link_of("/lab/runs/blood-1/report.html", "blood-1") == "file:///lab/runs/blood-1/report.html"
    monkeypatch.setenv("SPATIALCORE_FILES_URL", "http://127.0.0.1:4201")
    assert link_of(uri, "blood-1") == "http://127.0.0.1:4201/runs/blood-1/a%20sample/report.html"
