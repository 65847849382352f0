"""Uploads in parts."""

import os
from pathlib import Path

import pytest

from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import StorageError
from spatialcore.storage.backends.parts import part_length, send_parts

MB = 1 << 20


def test_parts_are_the_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(1_050))
    digest, parts = send_parts(file, 1_050, 100, lambda number, data: (number, data))
    assert digest == sha256_of_file(file)
    assert [number for number, _ in parts] == list(range(1, 12))
    assert b"".join(data for _, data in parts) == file.read_bytes()


def test_file_that_became_shorter(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 150)
    with pytest.raises(StorageError, match="became shorter"):
        send_parts(tmp_path / "file", 300, 100, lambda number, data: None)


@pytest.mark.parametrize(
    ("size", "length"), [(1, 8 * MB), (9_000 * 8 * MB, 8 * MB), (9_000 * 8 * MB + 1, 9 * MB), (100_000 * MB, 12 * MB)]
)
def test_part_length(size: int, length: int) -> None:
    assert part_length(size, smallest=5 * MB, most_parts=9_000) == length
    assert -(-size // length) <= 9_000


def test_part_length_is_at_least_the_smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALCORE_STORAGE_BLOCK", "1000")
    assert part_length(10, smallest=5 * MB, most_parts=9_000) == 5 * MB
