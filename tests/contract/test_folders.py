"""Platform output in a bucket: only the files that are read are downloaded, not images and transcripts."""

import uuid
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
from botocore.session import get_session

from spatialcore import registry, storage
from spatialcore.annotation import resolve_uri_to_local
from spatialcore.annotation.run_config import Query
from spatialcore.errors import FileMissingError
from spatialcore.io import read_spatial
from spatialcore.sources.folders import UNREAD, version_token
from spatialcore.storage import cache
from spatialcore.workflow.run import load_query
from tasks.pending import samples_in
from tests.contract.faulty_proxy import Fault, Proxy, status
from tests.contract.servers import BUCKET, KEY, SECRET
from tests.io.bundles import sample, write_cosmx, write_merscope, write_xenium

LARGE = ("morphology_focus/0.ome.tif", "transcripts.parquet", "cell_boundaries.parquet", "analysis/umap.csv")


@pytest.fixture
def xenium(tmp_path: Path) -> Path:
    folder = write_xenium(tmp_path / "output-XETG1__lung", sample(60, 12))
    for name in LARGE:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"large")
    return folder


def upload(folder: Path, root: str) -> str:
    uri = f"{root}/{uuid.uuid4().hex}/{folder.name}"
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        storage.put(file, f"{uri}/{file.relative_to(folder).as_posix()}")
    return uri


@pytest.fixture(params=["s3", "gs", "az", "memory"])
def root(request: pytest.FixtureRequest) -> str:
    if request.param != "memory":
        request.getfixturevalue({"az": "azure"}.get(request.param, request.param))
    return f"{request.param}://{BUCKET}"


def are_equal(one: ad.AnnData, other: ad.AnnData) -> bool:
    return (
        list(one.obs_names) == list(other.obs_names)
        and bool((one.X != other.X).nnz == 0)
        and np.array_equal(one.obsm["spatial"], other.obsm["spatial"])
    )


@pytest.mark.parametrize("slash", ["", "/"])
def test_xenium_folder(root: str, slash: str, xenium: Path) -> None:
    uri = upload(xenium, root)
    assert are_equal(load_query(Query(uri=uri + slash)), read_spatial(xenium))
    fetched = {entry.path.name for entry in cache.list_entries()}
    assert fetched == {"cell_feature_matrix.h5", "cells.parquet", "experiment.xenium"}


@pytest.mark.parametrize("write", [write_cosmx, write_merscope])
def test_other_platforms(write: Callable[..., Path], s3: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "run", sample(40, 9))
    assert are_equal(load_query(Query(uri=upload(folder, f"s3://{BUCKET}"))), read_spatial(folder))


def test_zarr_folder(root: str, tmp_path: Path) -> None:
    adata = sample(30, 8)
    adata.write_zarr(tmp_path / "cells.zarr")
    read = load_query(Query(uri=upload(tmp_path / "cells.zarr", root)))
    assert are_equal(read, adata)


def test_version_is_that_of_the_files_that_are_read(s3: str, xenium: Path) -> None:
    uri = upload(xenium, f"s3://{BUCKET}")
    before = version_token(uri)
    assert version_token(f"{uri}/") == before
    storage.put_text("another picture", f"{uri}/{LARGE[0]}")
    assert version_token(uri) == before
    storage.put_text("{}", f"{uri}/experiment.xenium")
    assert version_token(uri) != before


def test_changed_file_only_is_downloaded_again(proxied_s3: Proxy, xenium: Path) -> None:
    uri = upload(xenium, f"s3://{BUCKET}")
    first = resolve_uri_to_local(uri)
    storage.put_text("{}", f"{uri}/experiment.xenium")
    proxied_s3.requests.clear()
    second = resolve_uri_to_local(uri)
    assert (second / "experiment.xenium").read_text() == "{}" != (first / "experiment.xenium").read_text()
    downloads = [path for method, path, _ in proxied_s3.requests if method == "GET" and "list-type" not in path]
    assert downloads
    assert all("experiment.xenium" in path for path in downloads)


def test_transient_faults_are_retried(proxied_s3: Proxy, xenium: Path) -> None:
    uri = upload(xenium, f"s3://{BUCKET}")
    proxied_s3.faults.append(Fault(status(503, "SlowDown"), "GET", "cells.parquet", times=2))
    assert are_equal(read_spatial(resolve_uri_to_local(uri)), read_spatial(xenium))


def test_missing_folder(root: str) -> None:
    with pytest.raises(FileMissingError, match="no-such-folder"):
        resolve_uri_to_local(f"{root}/no-such-folder/output")


def test_no_reader_needs_the_files_that_are_never_downloaded(tmp_path: Path) -> None:
    """Each platform's folder can be read without these files."""
    from fnmatch import fnmatch

    for write in (write_xenium, write_cosmx, write_merscope):
        folder = write(tmp_path / write.__name__, sample(20, 6))
        needed = [path.name for path in folder.iterdir() if any(fnmatch(path.name, each) for each in UNREAD)]
        assert needed == []


def placeholders(s3: str, root: str, *folders: str) -> None:
    """Create folders as the web console of S3 does: empty objects with names that end in a slash."""
    client = get_session().create_client("s3", endpoint_url=s3, aws_access_key_id=KEY, aws_secret_access_key=SECRET)
    prefix = root.removeprefix(f"s3://{BUCKET}/")
    for folder in folders:
        client.put_object(Bucket=BUCKET, Key=f"{prefix}/{folder}/".replace("//", "/"), Body=b"")


@pytest.mark.parametrize("slash", ["", "/"])
def test_platform_folder_made_in_a_console(s3: str, slash: str, xenium: Path) -> None:
    uri = upload(xenium, f"s3://{BUCKET}")
    before = version_token(uri)
    placeholders(s3, uri, "", "morphology_focus", "analysis", "empty")
    assert version_token(uri) == before
    assert are_equal(load_query(Query(uri=uri + slash)), read_spatial(xenium))


def test_zarr_reference_in_folders_made_in_a_console(s3: str, tmp_path: Path) -> None:
    adata = sample(30, 8)
    adata.write_zarr(tmp_path / "cells.zarr")
    uri = upload(tmp_path / "cells.zarr", f"s3://{BUCKET}")
    placeholders(s3, uri, "", "X", "obs", "layers")
    assert are_equal(ad.read_zarr(resolve_uri_to_local(uri)), adata)


def test_file_reference_next_to_a_placeholder(s3: str, tmp_path: Path) -> None:
    root = f"s3://{BUCKET}/{uuid.uuid4().hex}"
    placeholders(s3, root, "", "refs")
    sample(20, 5).write_h5ad(tmp_path / "ref.h5ad")
    storage.put(tmp_path / "ref.h5ad", f"{root}/refs/ref.h5ad")
    assert ad.read_h5ad(resolve_uri_to_local(f"{root}/refs/ref.h5ad")).n_obs == 20


def test_store_and_samples_in_folders_made_in_a_console(s3: str) -> None:
    root = f"s3://{BUCKET}/{uuid.uuid4().hex}"
    placeholders(s3, root, "", "models", "runs", "incoming", "incoming/empty", "models/blood")
    assert registry.tissues(root) == []
    assert storage.list_files(root) == []
    file = storage.put_text("cells", f"{root}/incoming/a.h5ad").uri
    assert storage.list_files(f"{root}/incoming/") == [file]
    assert samples_in(f"{root}/incoming") == [file]
    assert not storage.exists(f"{root}/runs")
    with pytest.raises(FileMissingError, match="empty"):
        resolve_uri_to_local(f"{root}/incoming/empty")
