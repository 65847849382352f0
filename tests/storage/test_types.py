"""Stored files and manifests."""

import logging

import pytest

from spatialcore.storage.types import Manifest, Stat, StoredFile, is_internal

FILE = StoredFile(uri="s3://lab/a.h5ad", token="1", sha256="2", size=3)


def test_manifest_round_trip() -> None:
    manifest = Manifest.of(FILE, {"source": "synapse://syn1", "ids": ["a", "b"]})
    assert Manifest.parse(manifest.text(), origin="here") == manifest


def test_format_of_a_manifest() -> None:
    manifest = Manifest(file=FILE, stored="2026-11-29T00:00:00+00:00", metadata={"source": "x"})
    assert manifest.text() == (
        '{\n  "file": {\n    "sha256": "2",\n    "size": 3,\n    "token": "1",\n    "uri": "s3://lab/a.h5ad"\n  },\n'
        '  "metadata": {\n    "source": "x"\n  },\n  "stored": "2026-11-29T00:00:00+00:00"\n}\n'
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"file": 1}', "<html>"])
def test_damaged_manifest_is_ignored(text: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="spatialcore"):
        assert Manifest.parse(text, origin="s3://lab/a.manifest.json") is None
    assert "ignoring the damaged manifest s3://lab/a.manifest.json" in caplog.text


def test_stored_file_from_stat() -> None:
    assert StoredFile.from_stat("s3://lab/a.h5ad", Stat("1", 3), "2") == FILE
    assert StoredFile.from_stat("https://lab/a", Stat("1", None), "2").size == 0


@pytest.mark.parametrize(
    ("name", "internal"), [("a.h5ad.manifest.json", True), (".a.h5ad.12.part", True), ("manifest.json", False)]
)
def test_internal_names(name: str, internal: bool) -> None:
    assert is_internal(name) == internal
