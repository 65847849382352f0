"""Uploads under a temporary name, to a store that fails during the upload."""

from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import FileMissingError, StorageError, TransientStorageError
from spatialcore.storage.backends.memory import MemoryBackend

ROOT = "memory://staged-upload"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"cells" * 1_000)
    return path


@pytest.fixture
def objects() -> list[str]:
    """Remove the objects of earlier tests and return an empty list."""
    system, location = storage.connect(f"{ROOT}/x")
    if system.exists(location.bucket):
        system.rm(location.bucket, recursive=True)
    return []


def names() -> set[str]:
    system, location = storage.connect(f"{ROOT}/x")
    return {path.rpartition("/")[2] for path in system.find(location.bucket)}


@pytest.mark.usefixtures("objects")
def test_truncated_upload_is_repeated(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_file, calls = MemoryBackend.put_file, []

    def truncated(self: MemoryBackend, source: Path, path: str, callback: object) -> None:
        calls.append(path)
        if len(calls) < 3:
            self.file_system(path).pipe_file(path, source.read_bytes()[:-1])
        else:
            put_file(self, source, path, callback)

    monkeypatch.setattr(MemoryBackend, "put_file", truncated)
    storage.put(file, f"{ROOT}/file")
    assert len(calls) == 3
    assert storage.read_bytes(f"{ROOT}/file") == file.read_bytes()
    assert names() == {"file", "file.manifest.json"}


@pytest.mark.usefixtures("objects")
@pytest.mark.parametrize("content", [b"", b"cells"])
def test_wrong_content_is_never_visible(content: bytes, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        MemoryBackend, "put_file", lambda self, source, path, callback: self.file_system(path).pipe_file(path, content)
    )
    with pytest.raises(TransientStorageError, match="of 5,000 bytes arrived"):
        storage.put(file, f"{ROOT}/file")
    assert names() == set()


@pytest.mark.usefixtures("objects")
def test_file_that_changes_during_the_upload(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_file = MemoryBackend.put_file

    def put_and_change(self: MemoryBackend, source: Path, path: str, callback: object) -> None:
        put_file(self, source, path, callback)
        source.write_bytes(b"other" * 1_000)

    monkeypatch.setattr(MemoryBackend, "put_file", put_and_change)
    with pytest.raises(StorageError, match="changed while it was uploaded"):
        storage.put(file, f"{ROOT}/file")
    assert names() == set()


def test_missing_source(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match="no file at"):
        storage.put(tmp_path / "missing", f"{ROOT}/file")
