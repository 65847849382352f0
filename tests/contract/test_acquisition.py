"""Copies of references between all kinds of stores."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from spatialcore import storage
from spatialcore.annotation import acquire_reference, resolve_uri_to_local
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import FileMissingError, InputError
from spatialcore.storage import cache
from tests.contract.servers import BUCKET, web_server


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "lung.h5ad"
    ad.AnnData(np.eye(4, dtype=np.float32)).write_h5ad(path)
    (path.parent / "page.h5ad").write_text("<!DOCTYPE html><title>Not found</title>")
    return path


@pytest.fixture(scope="session")
def web(reference: Path) -> Iterator[str]:
    with web_server(reference.parent) as url:
        yield url


@pytest.fixture
def uris_by_kind(tmp_path: Path, s3: str, gs: str, reference: Path, web: str) -> dict[str, str]:
    """Return URIs of the same reference in each kind of store."""
    folder = uuid.uuid4().hex
    uris = {
        "s3": f"s3://{BUCKET}/{folder}/lung.h5ad",
        "gs": f"gs://{BUCKET}/{folder}/lung.h5ad",
        "memory": f"memory://{folder}/lung.h5ad",
    }
    for uri in uris.values():
        storage.put(reference, uri)
    return uris | {"http": f"{web}/lung.h5ad", "file": str(reference)}


def test_from_every_store_to_every_store(uris_by_kind: dict[str, str], tmp_path: Path, reference: Path) -> None:
    targets = {name: f"{uri.rpartition('/')[0]}/copy-of-" for name, uri in uris_by_kind.items() if name != "http"}
    targets["file"] = str(tmp_path / "copy-of-")
    for origin, source in uris_by_kind.items():
        for target in targets.values():
            copy = acquire_reference(source, f"{target}{origin}.h5ad")
            manifest = storage.read_manifest(copy)
            assert manifest is not None
            assert manifest.file.sha256 == sha256_of_file(reference)
            assert manifest.metadata["source"] == storage.canonical(source)


def test_from_every_store_to_a_local_file(uris_by_kind: dict[str, str], tmp_path: Path, reference: Path) -> None:
    paths = {name: resolve_uri_to_local(uri, tmp_path / "cache") for name, uri in uris_by_kind.items()}
    assert {sha256_of_file(path) for path in paths.values()} == {sha256_of_file(reference)}
    assert len(set(paths.values())) == len(paths)
    assert paths["file"] == reference
    assert {path.name for path in paths.values()} == {"lung.h5ad"}
    assert len(cache.list_entries(tmp_path / "cache")) == 4


def test_a_new_version_is_fetched(s3: str, tmp_path: Path) -> None:
    uri = f"s3://{BUCKET}/{uuid.uuid4().hex}/a.csv"
    storage.put_bytes(b"one", uri)
    first = resolve_uri_to_local(uri, tmp_path)
    assert resolve_uri_to_local(uri, tmp_path) == first
    storage.put_bytes(b"two", uri)
    assert resolve_uri_to_local(uri, tmp_path).read_bytes() == b"two"
    assert first.read_bytes() == b"one"


def test_the_default_cache_is_in_the_home_folder(s3: str, tmp_path: Path) -> None:
    uri = f"s3://{BUCKET}/{uuid.uuid4().hex}/a.csv"
    storage.put_bytes(b"one", uri)
    assert resolve_uri_to_local(uri).is_relative_to(tmp_path / "home/.spatialcore/cache/references")


def test_a_web_page_is_not_a_reference(web: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not an HDF5 file"):
        acquire_reference(f"{web}/page.h5ad", tmp_path / "out.h5ad")
    with pytest.raises(InputError, match="DOCTYPE"):
        resolve_uri_to_local(f"{web}/page.h5ad", tmp_path / "cache")
    with pytest.raises(FileMissingError):
        acquire_reference(f"{web}/absent.h5ad", tmp_path / "out.h5ad")
    assert list(tmp_path.glob("*.h5ad")) == []
    assert cache.list_entries(tmp_path / "cache") == []


def test_an_existing_output_is_not_replaced(reference: Path, tmp_path: Path) -> None:
    output = Path(acquire_reference(str(reference), tmp_path / "out.h5ad"))
    before = output.stat()
    acquire_reference(str(reference), output)
    assert output.stat() == before
    acquire_reference(str(reference), output, force=True)
    assert output.stat().st_mtime_ns > before.st_mtime_ns


def test_a_truncated_output_is_fetched_again(reference: Path, tmp_path: Path) -> None:
    output = Path(acquire_reference(str(reference), tmp_path / "out.h5ad"))
    output.write_bytes(output.read_bytes()[:7])
    acquire_reference(str(reference), output)
    assert sha256_of_file(output) == sha256_of_file(reference)


def test_an_unknown_file_is_not_overwritten(reference: Path, tmp_path: Path, web: str) -> None:
    output = tmp_path / "other.h5ad"
    output.write_bytes(b"other content")
    with pytest.raises(InputError, match="force=True"):
        acquire_reference(str(reference), output)
    assert output.read_bytes() == b"other content"
    acquire_reference(str(reference), output, force=True)
    with pytest.raises(InputError, match="contains"):
        acquire_reference(f"{web}/lung.h5ad", output)


def test_a_missing_local_path(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=r"absent\.h5ad"):
        resolve_uri_to_local(tmp_path / "absent.h5ad", tmp_path)
