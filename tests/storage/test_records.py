"""Records name files relative to the root of their store."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from spatialcore import storage
from spatialcore.storage import StoredFile


class Entry(BaseModel):
    uri: str
    files: dict[str, StoredFile] = {}
    source: str = ""
    details: dict[str, Any] = {}


def stored(uri: str) -> StoredFile:
    return StoredFile(uri=uri, token="1", sha256="2", size=3)


@pytest.mark.parametrize(
    "store", ["s3://lab", "s3://lab/a", "s3a://lab/a/", "gs://lab/a/b", "memory://lab/a", "/lab/a"]
)
def test_relative_and_resolve(store: str) -> None:
    inside = f"{storage.root_of(store)}/runs/a b/x.h5ad"
    assert storage.relative(store, inside) == "store://runs/a b/x.h5ad"
    assert storage.resolve(store, "store://runs/a b/x.h5ad") == inside


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "s3://lab/ab/x.h5ad",
        "gs://lab/a/x.h5ad",
        "https://lab/a/x",
        "cellxgene://?tissue=lung",
        "refs/x.h5ad",
        "/a/x",
    ],
)
def test_other_uris_are_unchanged(uri: str) -> None:
    assert storage.relative("s3://lab/a", uri) == storage.resolve("s3://lab/a", uri) == uri


def test_spellings_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for store in ("lab", "lab/", f"{tmp_path}/lab", f"file://{tmp_path}/lab"):
        for uri in ("lab/x.h5ad", f"{tmp_path}/lab/x.h5ad", f"file://{tmp_path}/lab/x.h5ad"):
            assert storage.relative(store, uri) == "store://x.h5ad"
    assert storage.relative("lab", "laboratory/x.h5ad") == "laboratory/x.h5ad"


def record(store: str) -> Entry:
    return Entry(
        uri=f"{store}/runs/1/manifest.json",
        files={"uri": stored(f"{store}/runs/1/uri"), "far": stored("gs://far/x")},
        source=f"{store}/samples/lung/a.h5ad@12-3",
        details={"references": [{"uri": f"{store}/refs/a.h5ad"}], "note": f"{store}/is not a URI"},
    )


def test_record_is_read_in_another_store() -> None:
    text = storage.text_of(record("s3://lab/a"), "s3://lab/a")
    assert text.count("s3://lab") == 1, "other fields are unchanged"
    storage.put_text(text, "memory://moved/b/runs/1/manifest.json")
    read = storage.read_record(Entry, "memory://moved/b/runs/1/manifest.json", "memory://moved/b")
    moved = record("memory://moved/b")
    assert read == moved.model_copy(update={"details": moved.details | {"note": "s3://lab/a/is not a URI"}})


@pytest.mark.parametrize("written_store", ["memory://moved/b", "s3://lab/a", "/data/store", "data/store"])
def test_record_with_absolute_uris_is_read_in_another_store(written_store: str) -> None:
    """Earlier versions wrote absolute URIs, or a relative folder as entered."""
    storage.put_text(record(written_store).model_dump_json(), "memory://moved/b/runs/1/manifest.json")
    read = storage.read_record(Entry, "memory://moved/b/runs/1/manifest.json", "memory://moved/b")
    assert read.model_dump(exclude={"details"}) == record("memory://moved/b").model_dump(exclude={"details"})
    assert read.details["references"] == [{"uri": "memory://moved/b/refs/a.h5ad"}]
