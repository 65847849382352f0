"""Whether a file exists, and its version."""

import pytest

from spatialcore import storage
from spatialcore.errors import FileMissingError, StorageError
from spatialcore.storage.backends.memory import MemoryBackend
from spatialcore.storage.file_stat import stat

URI = "memory://file-stat/cells.txt"


def test_size_and_token_of_the_version_that_was_stored_last() -> None:
    first, second = storage.put_text("cells", URI), storage.put_text("more cells", URI)
    assert (stat(URI).size, storage.token(URI)) == (10, second.token)
    assert first.token != second.token
    assert stat(storage.parse_uri(URI)) == stat(URI)


def test_missing_file() -> None:
    assert not storage.exists("memory://file-stat/no-such-file.txt")
    with pytest.raises(FileMissingError):
        storage.token("memory://file-stat/no-such-file.txt")


def test_denied_access_is_not_a_missing_object(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: MemoryBackend, path: str) -> None:
        raise PermissionError("denied")

    monkeypatch.setattr(MemoryBackend, "stat", denied)
    with pytest.raises(StorageError, match="access denied: stat memory://file-stat"):
        storage.exists(URI)
