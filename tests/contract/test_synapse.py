"""The Synapse client with a local server."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from spatialcore import storage
from spatialcore.annotation import acquire_reference, resolve_uri_to_local
from spatialcore.annotation.acquisition import provenance_of
from spatialcore.errors import FileMissingError, InputError, StorageError, TransientStorageError
from spatialcore.sources import download_synapse_reference
from tests.contract.synapse_server import TOKEN, State, synapse_server

pytest.importorskip("synapseclient")


@pytest.fixture
def synapse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[State]:
    with synapse_server() as state:
        for version in (1, 2):
            path = tmp_path / f"made-{version}.h5ad"
            ad.AnnData(np.full((version, 3), version, dtype=np.float32)).write_h5ad(path)
            state.versions[version] = path.read_bytes()
            path.unlink()
        config = tmp_path / "synapse.config"
        config.write_text(
            f"[endpoints]\nrepoEndpoint={state.url}/repo/v1\nauthEndpoint={state.url}/auth/v1\n"
            f"fileHandleEndpoint={state.url}/file/v1\nportalEndpoint={state.url}\n"
        )
        monkeypatch.setenv("SYNAPSE_CONFIG", str(config))
        monkeypatch.setenv("SYNAPSE_AUTH_TOKEN", TOKEN)
        yield state


def test_a_file_with_its_origin(synapse: State, tmp_path: Path) -> None:
    path = Path(acquire_reference("synapse://syn123", tmp_path / "out" / "reference.h5ad"))
    assert path.read_bytes() == synapse.versions[2]
    manifest = storage.read_manifest(path)
    assert manifest is not None
    metadata = manifest.metadata
    assert (metadata["source"], metadata["synapse_version"]) == ("synapse://syn123", 2)
    assert metadata["annotations"] == {"license": ["CC BY 4.0"]}
    assert {file.name for file in path.parent.iterdir()} == {"reference.h5ad", ".spatialcore"}


def test_a_version(synapse: State, tmp_path: Path) -> None:
    path = Path(download_synapse_reference("syn123.1", tmp_path / "references"))
    assert path == tmp_path / "references" / "atlas.h5ad"
    assert path.read_bytes() == synapse.versions[1]


def test_the_cache_has_one_entry_per_version(synapse: State, tmp_path: Path) -> None:
    first = resolve_uri_to_local("synapse://syn123", tmp_path)
    assert resolve_uri_to_local("synapse://syn123", tmp_path) == first
    assert synapse.downloads == 1
    synapse.versions[3] = synapse.versions[1]
    second = resolve_uri_to_local("synapse://syn123", tmp_path)
    assert second.read_bytes() == synapse.versions[1]
    assert provenance_of(second)["synapse_version"] == 3
    assert second.name == first.name == "atlas.h5ad"


def test_a_file_with_a_wrong_checksum_is_refused(synapse: State, tmp_path: Path) -> None:
    synapse.wrong_checksum = True
    with pytest.raises(StorageError):
        acquire_reference("synapse://syn123", tmp_path / "x.h5ad")
    assert list(tmp_path.glob("*.h5ad")) == []


def test_a_bad_token_is_refused_without_showing_it(
    synapse: State, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    invalid = "planted-bad-token-987654"
    with pytest.raises(StorageError) as failure:
        acquire_reference("synapse://syn123", tmp_path / "x.h5ad", auth_token=invalid)
    assert invalid not in str(failure.value)
    assert invalid not in caplog.text


def test_a_file_under_conditions(synapse: State, tmp_path: Path) -> None:
    synapse.allowed = False
    with pytest.raises(StorageError, match="access restrictions"):
        acquire_reference("synapse://syn123", tmp_path / "x.h5ad")


def test_missing_files(synapse: State, tmp_path: Path) -> None:
    with pytest.raises((FileMissingError, StorageError), match="syn999"):
        acquire_reference("synapse://syn999", tmp_path / "x.h5ad")
    with pytest.raises(InputError, match="syn123"):
        acquire_reference("synapse://123", tmp_path / "x.h5ad")
    with pytest.raises(InputError, match="auth_token"):
        acquire_reference("synapse://syn123", tmp_path / "x.h5ad", token="x")


@pytest.mark.parametrize("part", ["/userProfile", "/bundle2", "/blob/"])
def test_a_server_that_stops_responding_fails_within_the_budget(
    synapse: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, part: str
) -> None:
    """The client library alone would retry for 20 minutes."""
    monkeypatch.setenv("SPATIALCORE_STORAGE_BUDGET", "4")
    synapse.silent = part
    started = time.monotonic()
    with pytest.raises(TransientStorageError, match="no answer within 4 s"):
        download_synapse_reference("syn123", tmp_path / "references")
    assert time.monotonic() - started < 15
    assert list(tmp_path.rglob("*.h5ad")) == []


def test_an_unknown_host_fails_at_once(synapse: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    config = Path(os.environ["SYNAPSE_CONFIG"])
    config.write_text(config.read_text().replace(synapse.url, "http://synapse.invalid"))
    with pytest.raises(StorageError, match="host not found: synapse"):
        resolve_uri_to_local("synapse://syn123", config.parent)
