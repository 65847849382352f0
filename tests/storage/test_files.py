"""Operations on files. `backends/contract.py` has the tests for all backends."""

from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import ConflictError, FileMissingError, InputError


def test_put_of_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=f"no file at {tmp_path}/missing"):
        storage.put(tmp_path / "missing", "memory://files/a")


def test_unsupported_scheme(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unsupported URI scheme ftp://"):
        storage.put(tmp_path / "a", "ftp://host/a")


def test_list_leaves_out_manifests_and_unfinished_transfers(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("cells")
    storage.put(tmp_path / "x", tmp_path / "store" / "b" / "x")
    storage.put_text("a", tmp_path / "store" / "a.txt")
    (tmp_path / "store" / ".a.txt.1234.part").touch()
    expected = [str(tmp_path / "store" / name) for name in ("a.txt", "b/x")]
    assert storage.list_files(tmp_path / "store") == storage.list_files(f"{tmp_path}/store/") == expected
    assert storage.list_versions(tmp_path / "store") == {uri: storage.token(uri) for uri in expected}


def test_copy_to_another_kind_of_store(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("cells")
    file = storage.put(tmp_path / "x", tmp_path / "store" / "x")
    with pytest.raises(InputError, match=r"cannot be copied to memory://(.|\n)*download it with get"):
        storage.copy(file, "memory://files/x")


def test_copy_of_a_replaced_file(tmp_path: Path) -> None:
    file = storage.put_text("first", "memory://files/replaced")
    storage.put_text("second version", file.uri)
    with pytest.raises(ConflictError, match="replaced by another version"):
        storage.copy(file, "memory://files/copy")
    assert not storage.exists("memory://files/copy")


def test_get_creates_folders(tmp_path: Path) -> None:
    file = storage.put_text("cells", "memory://files/get")
    assert storage.get(file.uri, tmp_path / "a" / "b").sha256 == file.sha256
    assert (tmp_path / "a" / "b").read_text() == "cells"
