"""What lies in a store is named from its root, and resolved in the store that is read."""

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
def test_there_and_back(store: str) -> None:
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
def test_what_lies_elsewhere_stays_as_it_is(uri: str) -> None:
    assert storage.relative("s3://lab/a", uri) == storage.resolve("s3://lab/a", uri) == uri


def test_every_spelling_of_a_folder_is_one_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
        details={"references": [{"uri": f"{store}/refs/a.h5ad"}], "note": f"{store}/is no place here"},
    )


def test_a_record_holds_no_name_of_its_store_and_is_read_in_any() -> None:
    text = storage.text_of(record("s3://lab/a"), "s3://lab/a")
    assert text.count("s3://lab") == 1, "the note"
    storage.put_text(text, "memory://moved/b/runs/1/manifest.json")
    read = storage.read_record(Entry, "memory://moved/b/runs/1/manifest.json", "memory://moved/b")
    moved = record("memory://moved/b")
    assert read == moved.model_copy(update={"details": moved.details | {"note": "s3://lab/a/is no place here"}})


@pytest.mark.parametrize("then", ["memory://moved/b", "s3://lab/a", "/data/store", "data/store"])
def test_a_record_with_full_addresses_is_read_in_any_store_too(then: str) -> None:
    """As earlier versions wrote them: a relative folder as it was typed."""
    storage.put_text(record(then).model_dump_json(), "memory://moved/b/runs/1/manifest.json")
    read = storage.read_record(Entry, "memory://moved/b/runs/1/manifest.json", "memory://moved/b")
    assert read.model_dump(exclude={"details"}) == record("memory://moved/b").model_dump(exclude={"details"})
    assert read.details["references"] == [{"uri": "memory://moved/b/refs/a.h5ad"}]


def test_a_copied_manifest_speaks_of_the_file_beside_it(tmp_path: Path) -> None:
    import shutil

    (tmp_path / "x").write_text("cells")
    file = storage.put(tmp_path / "x", tmp_path / "a" / "x", metadata={"source": "far"})
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    known = storage.read_manifest(tmp_path / "b" / "x")
    assert known is not None
    assert known.file == file.model_copy(update={"uri": str(tmp_path / "b" / "x")})
    assert known.metadata == {"source": "far"}
    assert storage.describe(tmp_path / "b" / "x") == known.file


@pytest.mark.parametrize(("content", "same"), [("cells", True), ("cellz", False), ("more cells", False)])
def test_a_copy_is_known_by_its_content(tmp_path: Path, content: str, same: bool) -> None:
    (tmp_path / "x").write_text("cells")
    file = storage.put(tmp_path / "x", "memory://bucket/recognised/x")
    storage.put_text(content, file.uri)
    now = storage.recognised(file)
    assert (now is not None) == same
    if now is not None:
        assert now.token == storage.token(file.uri) != file.token
        assert storage.read_manifest(file.uri) is not None, "it is read through once"
    storage.delete(file.uri)
    assert storage.recognised(file) is None
