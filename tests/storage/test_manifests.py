"""Manifests beside files, and files recognised by their content."""

import shutil
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.storage.types import Manifest


def test_manifest_of_a_stored_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("cells")
    file = storage.put(tmp_path / "x", "memory://manifests/x", metadata={"source": "far", "ids": [1, 2]})
    manifest = storage.read_manifest(file.uri)
    assert manifest is not None
    assert (manifest.file, manifest.metadata) == (file, {"source": "far", "ids": [1, 2]})
    assert Manifest.parse(storage.read_text(f"{file.uri}.manifest.json"), origin="") == manifest


@pytest.mark.parametrize("text", ["", "<html>"])
def test_damaged_manifest_is_ignored(text: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("cells")
    file = storage.put(tmp_path / "x", "memory://manifests/damaged")
    storage.put_text(text, storage.manifest_uri(file.uri))
    assert storage.read_manifest(file.uri) is None
    assert storage.describe(file.uri) == file, "the file itself is read"


def test_copied_manifest_describes_the_file_next_to_it(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("cells")
    file = storage.put(tmp_path / "x", tmp_path / "a" / "x", metadata={"source": "far"})
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    manifest = storage.read_manifest(tmp_path / "b" / "x")
    assert manifest is not None
    assert manifest.file == file.model_copy(update={"uri": str(tmp_path / "b" / "x")})
    assert manifest.metadata == {"source": "far"}
    assert storage.describe(tmp_path / "b" / "x") == manifest.file


@pytest.mark.parametrize(("content", "same"), [("cells", True), ("cellz", False), ("more cells", False)])
def test_file_is_recognised_by_its_content(tmp_path: Path, content: str, same: bool) -> None:
    (tmp_path / "x").write_text("cells")
    file = storage.put(tmp_path / "x", "memory://manifests/recognised")
    storage.put_text(content, file.uri)
    present = storage.recognised(file)
    assert (present is not None) == same
    if present is not None:
        assert present.token == storage.token(file.uri) != file.token
        assert storage.read_manifest(file.uri) is not None, "the next call does not read the file"
    storage.delete(file.uri)
    assert storage.recognised(file) is None
