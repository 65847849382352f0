"""Small objects: read, write and conditional write."""

import hashlib
import uuid

import pytest

from spatialcore import storage
from spatialcore.errors import ConflictError, InputError, StorageError
from spatialcore.storage.backends.memory import MemoryBackend


@pytest.fixture
def uri() -> str:
    return f"memory://objects/{uuid.uuid4().hex}.txt"


def test_put_and_read(uri: str) -> None:
    file = storage.put_bytes(b"cells", uri)
    assert (file.uri, file.size, file.sha256) == (uri, 5, hashlib.sha256(b"cells").hexdigest())
    assert storage.read_bytes(uri) == b"cells"
    assert storage.token(uri) == file.token
    assert storage.exists(uri)


def test_conditions(uri: str) -> None:
    first = storage.put_new(b"1", uri)
    with pytest.raises(ConflictError, match=f"cannot write {uri}: it exists already"):
        storage.put_new(b"2", uri)
    second = storage.put_if(b"22", uri, expected=first.token)
    with pytest.raises(ConflictError, match=f"cannot write {uri}: it is not the expected version"):
        storage.put_if(b"3", uri, expected=first.token)
    assert storage.read_versioned(uri) == (b"22", second.token)
    with pytest.raises(InputError, match="an empty version token"):
        storage.put_if(b"3", uri, expected="")


@pytest.mark.parametrize("is_same_writer", [True, False])
def test_a_write_whose_response_was_lost_is_a_success(
    uri: str, is_same_writer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, marks = MemoryBackend.write, []

    def write_and_disconnect(
        self: MemoryBackend, path: str, data: bytes, *, only_over: str | None, mark: str
    ) -> object:
        stored = write(self, path, data, only_over=only_over, mark=mark)
        marks.append(mark if is_same_writer else "another writer")
        raise ConnectionResetError(stored)

    monkeypatch.setattr(MemoryBackend, "write", write_and_disconnect)
    monkeypatch.setattr(MemoryBackend, "mark_of", lambda self, path: marks[0])
    if is_same_writer:
        assert storage.put_new(b"cells", uri).token == storage.token(uri)
    else:
        with pytest.raises(ConflictError):
            storage.put_new(b"cells", uri)


def test_object_that_changes_while_it_is_read(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    storage.put_text("first", uri)
    read, calls = MemoryBackend.read, []

    def replace_after_read(self: MemoryBackend, path: str) -> bytes:
        content = read(self, path)
        calls.append(content)
        if len(calls) == 1:
            storage.put_text("second version", uri)
        return content

    monkeypatch.setattr(MemoryBackend, "read", replace_after_read)
    with pytest.raises(StorageError, match="changed while it was read"):
        storage.read_versioned(uri)
    assert storage.read_versioned(uri)[0] == b"second version"
