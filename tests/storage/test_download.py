"""Downloads are checked before they are visible."""

import logging
import os
import uuid
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import StorageError, TransientStorageError
from spatialcore.storage import StoredFile
from spatialcore.storage.backends.memory import MemoryBackend
from spatialcore.storage.download import download
from spatialcore.storage.types import Sink, Stat

CONTENT = os.urandom(5_000)


@pytest.fixture
def stored_file(monkeypatch: pytest.MonkeyPatch) -> StoredFile:
    monkeypatch.setenv("SPATIALCORE_STORAGE_BLOCK", "1000")
    monkeypatch.setenv("SPATIALCORE_STORAGE_ATTEMPTS", "3")
    return storage.put_bytes(CONTENT, f"memory://download/{uuid.uuid4().hex}")


def test_digest_and_content(stored_file: StoredFile, tmp_path: Path) -> None:
    current, digest = download(
        storage.parse_uri(stored_file.uri), tmp_path / "deep" / "a", expected_sha256=lambda stat: stored_file.sha256
    )
    assert (current.token, digest) == (stored_file.token, stored_file.sha256)
    assert (tmp_path / "deep" / "a").read_bytes() == CONTENT


def test_a_file_with_another_digest_is_never_visible(stored_file: StoredFile, tmp_path: Path) -> None:
    with pytest.raises(TransientStorageError, match="expected 0123"):
        download(storage.parse_uri(stored_file.uri), tmp_path / "a", expected_sha256=lambda stat: "0123")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sha256", [True, False])
def test_md5_of_the_store_is_compared_without_a_sha256(
    sha256: bool, stored_file: StoredFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat_of = MemoryBackend.stat_of

    def with_md5(self: MemoryBackend, info: dict[str, object]) -> Stat:
        stat = stat_of(self, info)
        return Stat(stat.token, stat.size, md5="0123")

    monkeypatch.setattr(MemoryBackend, "stat_of", with_md5)
    location = storage.parse_uri(stored_file.uri)
    if sha256:
        assert (
            download(location, tmp_path / "a", expected_sha256=lambda stat: stored_file.sha256)[1] == stored_file.sha256
        )
    else:
        with pytest.raises(TransientStorageError, match=r"MD5 is .* expected 0123"):
            download(location, tmp_path / "a", expected_sha256=lambda stat: None)


def test_object_that_is_replaced_during_the_download(
    stored_file: StoredFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store in memory does not pin a version; versions are compared after the download."""
    stream, replaced = MemoryBackend.stream, []

    def replacing(self: MemoryBackend, path: str, stat: Stat, start: int, end: int | None, sink: Sink) -> None:
        stream(self, path, stat, start, end, sink)
        if not replaced:
            replaced.append(storage.put_bytes(CONTENT[::-1], stored_file.uri))

    monkeypatch.setattr(MemoryBackend, "stream", replacing)
    assert storage.get(stored_file.uri, tmp_path / "a").sha256 == replaced[0].sha256
    assert (tmp_path / "a").read_bytes() == CONTENT[::-1]


def test_resumed_download_is_logged(
    stored_file: StoredFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stream, starts = MemoryBackend.stream, []

    def interrupted(self: MemoryBackend, path: str, stat: Stat, start: int, end: int | None, sink: Sink) -> None:
        starts.append(start)
        stream(self, path, stat, start, 3_000 if len(starts) == 1 else end, sink)
        if len(starts) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(MemoryBackend, "stream", interrupted)
    with pytest.raises(KeyboardInterrupt):
        storage.get(stored_file.uri, tmp_path / "a")
    with caplog.at_level(logging.INFO, logger="spatialcore"):
        storage.get(stored_file.uri, tmp_path / "a")
    assert starts == [0, 3_000]
    assert f"resuming download at 0.0 MB: {stored_file.uri}" in caplog.text
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_missing_space_is_reported_before_the_download(
    stored_file: StoredFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1_000})())
    with pytest.raises(StorageError, match=r"no space left: a needs 0\.0 MB more and .* has 0\.0 MB"):
        storage.get(stored_file.uri, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
