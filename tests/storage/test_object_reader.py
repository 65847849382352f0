"""Reading one version of an object block by block."""

from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import FileMissingError, StorageError
from spatialcore.storage.object_reader import ObjectReader

CONTENT = bytes(range(256)) * 10


@pytest.fixture(params=["file", "memory"])
def uri(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SPATIALCORE_STORAGE_FIRST_WAIT", "0.01")
    monkeypatch.setenv("SPATIALCORE_STORAGE_LONGEST_WAIT", "0.02")
    uri = str(tmp_path / "x.bin") if request.param == "file" else f"memory://bucket/{tmp_path.name}/x.bin"
    storage.put_bytes(CONTENT, uri)
    return uri


@pytest.mark.parametrize(("start", "end"), [(0, None), (0, 5), (100, 1001), (2559, 2560), (7, 7), (0, 9999)])
def test_blocks_are_the_bytes_from_start_to_end(uri: str, start: int, end: int | None) -> None:
    blocks = list(ObjectReader.open(uri).blocks(start, end, block=64))
    assert b"".join(blocks) == CONTENT[start:end]
    assert all(len(block) <= 64 for block in blocks)


def test_blocks_of_two_versions_are_never_mixed(uri: str) -> None:
    reader = ObjectReader.open(uri)
    blocks = reader.blocks(block=64)
    assert next(blocks) == CONTENT[:64]
    storage.put_bytes(CONTENT[::-1], uri)
    with pytest.raises(StorageError, match="replaced while it was read"):
        next(blocks)


def test_a_missing_object_is_an_error_before_reading(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError):
        ObjectReader.open(tmp_path / "absent")
