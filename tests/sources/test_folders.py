"""Remote folders: which files are read and copied."""

from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import FileMissingError
from spatialcore.sources.folders import fetch_folder, version_token, versions_in

FILES = ("cells.parquet", "analysis/x.csv", "transcripts.parquet", "morphology.ome.tif", "matrix/data.bin")


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str:
    uri = f"memory://folders/{request.node.name}"
    for name in FILES:
        storage.put_bytes(name.encode(), f"{uri}/{name}")
    return uri


def test_images_and_transcripts_are_not_read(folder: str, tmp_path: Path) -> None:
    versions = versions_in(folder)
    assert sorted(versions) == ["cells.parquet", "matrix/data.bin"]
    local = fetch_folder(folder, versions, cache_dir=tmp_path)
    files = [path for path in local.rglob("*") if path.is_file()]
    assert {path.relative_to(local).as_posix(): path.read_text() for path in files} == {name: name for name in versions}


def test_token_changes_with_the_files_that_are_read(folder: str) -> None:
    token = version_token(folder)
    storage.put_bytes(b"new", f"{folder}/morphology.ome.tif")
    assert version_token(folder) == token
    storage.put_bytes(b"new", f"{folder}/cells.parquet")
    assert version_token(folder) != token


def test_missing_folder() -> None:
    assert versions_in("memory://folders/absent") == {}
    with pytest.raises(FileMissingError):
        version_token("memory://folders/absent")
