"""The cache of stage results: hits, invalidation, copies of a store, and a full disk."""

import errno
import shutil
from pathlib import Path
from typing import Any

import pytest

from spatialcore import storage
from spatialcore.storage import cache
from tasks import stage_cache
from tasks.schemas import CombinedReferences, StageResult, TrainedModel
from tasks.stage_cache import cached_stage, find, link_files, local


def make(folder: Path) -> dict[str, Any]:
    (folder / "a.txt").write_text("a")
    (folder / "deep").mkdir()
    (folder / "deep" / "b.txt").write_text("b")
    return {"n": 2}


def test_a_result_is_read_back_with_its_files(any_store: str) -> None:
    result = cached_stage(CombinedReferences, any_store, "combine-1", make)
    cached = find(storage.join(any_store, "cache", "combine-1"), CombinedReferences)
    assert cached == result
    assert isinstance(cached, StageResult)
    assert local(cached.files["deep/b.txt"]).read_text() == "b"
    assert cached.facts == {"n": 2}


def test_labels_are_of_the_call_and_not_cached(any_store: str, computed_stages: list[str]) -> None:
    first = cached_stage(CombinedReferences, any_store, "combine-4", make, sample="a")
    second: Any = cached_stage(CombinedReferences, any_store, "combine-4", make, sample="b")
    assert computed_stages == ["combine"]
    assert (second.name, second.type.value) == ("Cached", "COMPLETED")
    assert (first.facts, second.data.facts) == ({"n": 2, "sample": "a"}, {"n": 2, "sample": "b"})
    assert first.files == second.data.files


@pytest.mark.parametrize("change", ["deleted", "altered"])
def test_a_result_with_a_changed_file_is_not_used(any_store: str, change: str) -> None:
    uri = cached_stage(CombinedReferences, any_store, "combine-2", make).files["a.txt"].uri
    if change == "deleted":
        storage.delete(uri)
    else:
        storage.put_text("something else", uri)
    assert find(storage.join(any_store, "cache", "combine-2"), CombinedReferences) is None


def test_a_copy_of_the_store_is_compared_by_content_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached_stage(CombinedReferences, str(tmp_path / "store"), "combine-5", make)
    shutil.copytree(tmp_path / "store", tmp_path / "copy", copy_function=shutil.copy)  # with new modification times
    folder = str(tmp_path / "copy" / "cache" / "combine-5")
    cached = find(folder, CombinedReferences)
    assert cached is not None
    assert cached.files["a.txt"].uri == f"{folder}/a.txt"
    monkeypatch.setattr(stage_cache, "_write", lambda *_: pytest.fail("the record is written again"))
    assert find(folder, CombinedReferences) == cached


def test_a_failed_stage_leaves_no_files(any_store: str) -> None:
    def fail(folder: Path) -> dict[str, Any]:
        (folder / "half.txt").write_text("half")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        cached_stage(TrainedModel, any_store, "train-1", fail)
    assert storage.list_files(any_store) == []


def test_a_result_just_stored_remotely_is_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = cached_stage(CombinedReferences, f"memory://bucket/{tmp_path.name}", "combine-3", make)
    monkeypatch.setattr(storage, "get", lambda *_: pytest.fail("the result was downloaded"))
    contents = {name: local(file).read_text() for name, file in result.files.items()}
    assert contents == {"a.txt": "a", "deep/b.txt": "b"}


def test_files_are_linked_under_their_names(any_store: str, tmp_path: Path) -> None:
    result = cached_stage(CombinedReferences, any_store, "combine-6", make)
    link_files([("first.txt", result.files["a.txt"])], tmp_path / "links")
    assert (tmp_path / "links" / "first.txt").is_symlink()
    assert (tmp_path / "links" / "first.txt").read_text() == "a"


def test_a_full_disk_after_the_result_was_stored_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def raise_disk_full(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "move", raise_disk_full)
    monkeypatch.setattr(cache, "DEFAULT_DIR", tmp_path / "cache")
    (tmp_path / "model.pkl").write_text("model")
    file = stage_cache._put(tmp_path / "model.pkl", f"memory://bucket/{tmp_path.name}/model.pkl")
    assert storage.read_text(file.uri) == "model"
    assert "could not be kept in the local cache" in caplog.text
    assert not list((tmp_path / "cache").rglob("model.pkl")), "the incomplete copy is deleted"
    monkeypatch.undo()
    monkeypatch.setattr(cache, "DEFAULT_DIR", tmp_path / "cache")
    assert local(file).read_text() == "model"
