"""URIs as local files, and the origin of a local reference. tests/contract tests all stores and faults."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from spatialcore import storage
from spatialcore.annotation.acquisition import acquire_reference, provenance_of, resolve, resolve_uri_to_local
from spatialcore.errors import FileMissingError, InputError, TransientStorageError
from tests.annotation.reference_data import Write


def test_a_local_path_is_returned_unchanged(write: Write, tmp_path: Path) -> None:
    path = write()
    assert resolve_uri_to_local(path) == path
    assert resolve_uri_to_local(f"file://{path}") == path
    with pytest.raises(FileMissingError, match="no such file or folder"):
        resolve_uri_to_local(tmp_path / "absent.h5ad")


def test_a_remote_file_is_fetched_once_per_version(write: Write, tmp_path: Path) -> None:
    uri = storage.put(write(), "memory://acquisition/ref.h5ad").uri
    local = resolve_uri_to_local(uri, tmp_path / "cache")
    assert local.read_bytes() == write().read_bytes()
    written = local.stat().st_mtime_ns
    assert resolve_uri_to_local(uri, tmp_path / "cache") == local
    assert local.stat().st_mtime_ns == written
    storage.put(write(compression="gzip"), uri)
    assert resolve_uri_to_local(uri, tmp_path / "cache") != local


def test_the_origin_is_recorded_in_the_cache_and_next_to_a_stored_file(write: Write, tmp_path: Path) -> None:
    uri = storage.put(write(), "memory://acquisition/origin.h5ad").uri
    cached = resolve_uri_to_local(uri, tmp_path / "cache")
    digest = hashlib.sha256(cached.read_bytes()).hexdigest()
    origin = provenance_of(cached)
    assert (origin["uri"], origin["sha256"], origin["size"]) == (uri, digest, cached.stat().st_size)
    stored = acquire_reference(uri, str(tmp_path / "kept" / "ref.h5ad"))
    assert provenance_of(stored)["sha256"] == digest
    assert provenance_of(write()) == {}
    assert provenance_of(tmp_path) == {}


@dataclass
class Unreachable:
    """A source whose server responds only once."""

    file: Path
    answers: int = 1
    uri: str = "https://host/ref.h5ad"
    name: str = "ref.h5ad"

    def token(self) -> str:
        self.answers -= 1
        if self.answers < 0:
            raise TransientStorageError("no answer from host", hint="try again later")
        return "1"

    def fetch(self, target: Path) -> dict[str, Any]:
        target.write_bytes(self.file.read_bytes())
        return {}


def test_an_unreachable_source_is_read_from_the_cache(
    write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = Unreachable(write())
    first = resolve(source, cache_dir=tmp_path / "cache")
    assert resolve(source, cache_dir=tmp_path / "cache").path == first.path
    assert "cannot read the version of https://host/ref.h5ad: using the cached copy" in caplog.text
    with pytest.raises(TransientStorageError):
        resolve(source, cache_dir=tmp_path / "cache", force=True)
    with pytest.raises(TransientStorageError):
        resolve(source, cache_dir=tmp_path / "empty")


def test_a_web_page_is_not_a_reference(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.write_text("<!doctype html>")
    with pytest.raises(InputError, match="is not an HDF5 file"):
        resolve(Unreachable(page), cache_dir=tmp_path / "cache")


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("$DATA/ref.h5ad", "variables of the shell are not replaced"),
        ("../ref.h5ad", "relative paths start from the current folder"),
        ("/absent/ref.h5ad", "check the spelling of the path"),
        ("file:///absent/ref.h5ad", "check the spelling of the path"),
        ("s3:/bucket/ref.h5ad", "two slashes: s3://"),
        (f"{__file__}:cell_type", "leave out ':cell_type'"),
        (r"C:\data\ref.h5ad", "in WSL"),
    ],
)
def test_a_missing_path_is_explained(path: str, hint: str) -> None:
    with pytest.raises(FileMissingError) as error:
        resolve_uri_to_local(path)
    assert hint in error.value.hint


def test_a_link_without_a_target(tmp_path: Path) -> None:
    (tmp_path / "ref.h5ad").symlink_to("/absent/ref.h5ad")
    with pytest.raises(FileMissingError) as error:
        resolve_uri_to_local(str(tmp_path / "ref.h5ad"))
    assert "a link to /absent/ref.h5ad" in error.value.hint
