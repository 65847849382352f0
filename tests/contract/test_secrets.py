"""Planted credentials come out nowhere: not in logs, errors, manifests, cache, data, reports or buckets."""

import logging
import uuid
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.annotation import acquire_reference, resolve_uri_to_local
from spatialcore.annotation.run_config import RunConfig
from spatialcore.demo import LABEL_COLUMN, demo_data
from spatialcore.errors import SpatialCoreError, StorageError
from spatialcore.run import run
from tests.contract import faulty_proxy as proxy
from tests.contract.faulty_proxy import Fault, proxy_to
from tests.contract.servers import BUCKET, KEY, SECRET, web_server

SIGNATURE = "5ecre7signature0fau1t"
TOKEN = "planted-synapse-token-31415926"


@pytest.fixture
def bucket(s3: str) -> str:
    return f"s3://{BUCKET}/{uuid.uuid4().hex}"


def leaks(folder: Path, bucket: str, *texts: str) -> list[str]:
    """Name every place that holds a secret: local files, stored objects, texts."""
    planted = [secret.encode() for secret in (KEY, SECRET, SIGNATURE, TOKEN)]
    system, place = storage.connect(bucket)
    stored = {f"s3://{path}": system.cat_file(path) for path in system.find(place.path)}
    local = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    told = {f"text {i}": text.encode() for i, text in enumerate(texts)}
    return [name for name, data in {**stored, **local, **told}.items() if any(secret in data for secret in planted)]


def test_a_whole_run_on_a_bucket_leaks_nothing(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="spatialcore")
    monkeypatch.setenv("SYNAPSE_AUTH_TOKEN", TOKEN)
    data = tmp_path / "data"
    demo_data(data)
    for path in data.iterdir():
        acquire_reference(str(path), f"{bucket}/in/{path.name}")
    config = RunConfig.from_dict(
        {
            "tissue": "blood",
            "queries": [f"{bucket}/in/query.h5ad"],
            "references": [{"uri": f"{bucket}/in/pbmc68k_part{k}.h5ad", "label_column": LABEL_COLUMN} for k in (1, 2)],
            "store": f"{bucket}/out",
        }
    )
    result = run(config)
    assert storage.exists(result.model["model/blood.pkl"])
    assert storage.exists(f"{bucket}/out/query/report.html")
    assert leaks(tmp_path, bucket, caplog.text, repr(result)) == []


@pytest.mark.parametrize("error", ["SignatureDoesNotMatch", "InvalidAccessKeyId", "ExpiredToken", "SlowDown"])
def test_errors_tell_what_to_do_and_no_secret(
    error: str, s3: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="spatialcore")
    monkeypatch.setenv("SPATIALCORE_STORAGE_ATTEMPTS", "2")
    (tmp_path / "a.h5ad").write_bytes(b"x" * 1000)
    storage.put(tmp_path / "a.h5ad", f"{bucket}/a.h5ad")
    with proxy_to(s3) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        code = 503 if error == "SlowDown" else 403
        told = f"{error} for {KEY} with {SECRET}"  # a store that repeats what it was sent
        running.faults.append(Fault(proxy.status(code, error, told), path="a.h5ad", times=99))
        with pytest.raises(StorageError) as failure:
            storage.get(f"{bucket}/a.h5ad", tmp_path / "b.h5ad")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    chain = [failure.value, failure.value.__cause__, failure.value.__context__]
    assert (
        leaks(tmp_path, bucket, caplog.text, *(f"{link} {link!r} {vars(link) if link else ''}" for link in chain)) == []
    )


def test_a_signed_address_is_kept_without_its_signature(
    bucket: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="spatialcore")
    served = tmp_path / "served"
    demo_data(served)
    with web_server(served) as url:
        signed = f"{url}/query.h5ad?X-Amz-Signature={SIGNATURE}&X-Amz-Credential={KEY}"
        local = resolve_uri_to_local(signed, tmp_path / "cache")
        stored = acquire_reference(signed, f"{bucket}/query.h5ad")
        with pytest.raises(SpatialCoreError) as failure:
            resolve_uri_to_local(signed.replace("query.h5ad", "gone.h5ad"), tmp_path / "cache")
    assert local.read_bytes() == (served / "query.h5ad").read_bytes()
    manifest = storage.read_manifest(stored)
    assert manifest is not None
    assert manifest.metadata["source"].startswith(url)
    assert leaks(tmp_path, bucket, caplog.text, str(failure.value), str(local), stored) == []
