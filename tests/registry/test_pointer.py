"""Conditional writes of the pointer. tests/contract/test_registry.py runs them on every store."""

import pytest

from spatialcore import storage
from spatialcore.errors import TransientStorageError
from spatialcore.registry import pointer as module
from spatialcore.registry.layout import pointer_uri
from spatialcore.registry.pointer import current, move_pointer, read_pointer
from spatialcore.registry.records import Pointer


def write_as_other_process(store: str, version: str) -> None:
    """Write the pointer as another process would between a read and a write."""
    storage.put_text(Pointer(tissue="lung", version=version, moves=()).model_dump_json(), pointer_uri(store, "lung"))


def test_a_move_is_decided_again_after_a_conflict() -> None:
    store, versions = "memory://pointer-again", []

    def decide(pointer: Pointer | None) -> str:
        versions.append(pointer.version if pointer else None)
        if len(versions) < 3:
            write_as_other_process(store, f"other{len(versions)}")
        return "mine"

    assert move_pointer(store, "lung", decide, "test").version == "mine"
    assert versions == [None, "other1", "other2"]
    moved = current(store, "lung")
    assert moved is not None
    assert (moved.version, moved.moves[-1].reason) == ("mine", "test")


def test_repeated_conflicts_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ATTEMPTS", 3)
    store, n = "memory://pointer-busy", iter(range(100))

    def decide(pointer: Pointer | None) -> str:
        write_as_other_process(store, f"other{next(n)}")
        return "mine"

    with pytest.raises(TransientStorageError, match="is being changed by other processes"):
        move_pointer(store, "lung", decide, "")


def test_no_pointer() -> None:
    assert read_pointer("memory://pointer-none/x.json") == (None, "")
