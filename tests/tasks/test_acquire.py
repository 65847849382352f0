"""Look up, download and copy references, and read queries."""

import os
from pathlib import Path
from types import SimpleNamespace

import anndata as ad
import pytest

from spatialcore import storage
from spatialcore.annotation.run_config import Query, Reference, RunConfig
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import ConflictError, FileMissingError, InputError
from tasks.acquire import acquire, fetch, look_up, masked, read_query, refuse_if_replaced, source_of
from tasks.local_folders import ACQUIRE
from tasks.stage_cache import local
from tests.workflow import tissue


@pytest.fixture
def reference(tmp_path: Path) -> Reference:
    return Reference(uri=tissue.write_h5ad(tissue.reference(), tmp_path / "reference.h5ad"), label_column="cell_type")


def test_names_of_task_runs_contain_no_secrets() -> None:
    name = masked("store {source}")({"source": "https://me:pass-word@host/a.h5ad?X-Amz-Signature=secret&part=1"})
    assert name == "store https://***@host/a.h5ad?X-Amz-Signature=***&part=1"
    uri = SimpleNamespace(uri="s3://lab/a.h5ad")
    assert masked("look up {reference.uri}")({"reference": uri}) == "look up s3://lab/a.h5ad"


def test_a_version_changes_with_the_file(reference: Reference) -> None:
    first = look_up.fn(reference)
    assert (first.uri, first.label_column) == (reference.uri, "cell_type")
    assert look_up.fn(reference) == fetch.fn(reference) == first
    refuse_if_replaced([reference], [first])
    os.utime(reference.uri, (0, 0))
    assert look_up.fn(reference).token != first.token
    with pytest.raises(
        ConflictError, match=r"reference\.h5ad changed while this run was reading it\n  -> start the run"
    ):
        refuse_if_replaced([reference], [first])


def test_a_missing_reference(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=r"missing\.h5ad"):
        look_up.fn(Reference(uri=str(tmp_path / "missing.h5ad")))


def test_a_reference_is_copied_once(reference: Reference, any_store: str) -> None:
    output = acquire.fn(reference.uri, f"{any_store}/copies/reference.h5ad", {})
    assert output == f"{any_store}/copies/reference.h5ad"
    manifest = storage.read_manifest(output)
    assert manifest is not None
    assert manifest.file.sha256 == sha256_of_file(Path(reference.uri))
    token = storage.token(output)
    assert acquire.fn(reference.uri, output, {}) == output
    assert storage.token(output) == token


def test_local_files_are_copied_only_from_allowed_folders(
    reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ACQUIRE, str(tmp_path / "allowed"))
    with pytest.raises(InputError, match="outside the folders"):
        acquire.fn(reference.uri, str(tmp_path / "copy.h5ad"), {})
    assert not (tmp_path / "copy.h5ad").exists()


def test_a_query_is_converted_once_per_version(tmp_path: Path, computed_stages: list[str]) -> None:
    uri = tissue.write_h5ad(tissue.query(), tmp_path / "query.h5ad")
    config = RunConfig(queries=[uri], references=["r.h5ad"], store=str(tmp_path / "store"))
    first = read_query.fn(config, config.queries[0])
    data = ad.read_h5ad(local(first.data))
    assert (first.sample, first.facts["n_obs"], first.facts["n_vars"]) == ("query", *data.shape)
    assert list(data.obs_names) == list(tissue.query().obs_names)
    assert first.source == source_of(uri, storage.token(uri))
    read_query.fn(config, Query(uri=uri, sample="another name"))
    assert computed_stages == ["read_query"]
    with_unit = read_query.fn(config, Query(uri=uri, unit="px"))
    assert computed_stages == ["read_query"] * 2
    assert ad.read_h5ad(local(with_unit.data)).uns["spatialcore_source"]["unit"] == "px"
    tissue.write_h5ad(tissue.query(seed=9), tmp_path / "query.h5ad")
    assert read_query.fn(config, config.queries[0]).identity != first.identity
    assert computed_stages == ["read_query"] * 3
