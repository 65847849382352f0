"""Results of stages in a bucket, on a machine whose disk is full."""

import errno
import shutil
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.storage import cache
from tasks import stage_cache


def test_a_full_cache_disk_after_the_result_was_stored_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "move", full)
    monkeypatch.setattr(cache, "DEFAULT_DIR", tmp_path / "cache")
    (tmp_path / "model.pkl").write_text("model")
    file = stage_cache._put(tmp_path / "model.pkl", f"memory://bucket/{tmp_path.name}/model.pkl")
    assert storage.read_text(file.uri) == "model"
    assert "could not be kept in the local cache" in caplog.text
    assert not list((tmp_path / "cache").rglob("model.pkl")), "the half of a copy is gone"
    monkeypatch.undo()
    monkeypatch.setattr(cache, "DEFAULT_DIR", tmp_path / "cache")
    assert stage_cache.local(file).read_text() == "model"
