"""Records that a worker may not read, of other tissues or teams in the same bucket."""

import uuid
from pathlib import Path

import pytest

from spatialcore import registry, storage
from spatialcore.errors import TransientStorageError
from tasks.pending import pending_samples
from tests.contract import faulty_proxy as proxy
from tests.contract.faulty_proxy import Fault, Proxy
from tests.contract.servers import BUCKET


@pytest.fixture
def store(proxied_s3: Proxy, tmp_path: Path) -> str:
    """Return a store with a model in use, a sample, and the manifest of another team's run."""
    store, model = f"s3://{BUCKET}/{uuid.uuid4().hex}", tmp_path / "lung.pkl"
    model.write_text("model")
    registry.promote(store, "lung", registry.publish(store, "lung", [model]).version)
    storage.put_text("a", f"{store}/samples/a.h5ad")
    storage.put_text("{}", f"{store}/runs/heart-1/manifest.json")
    storage.put_text("{}", f"{store}/models/lung/other/version.json")
    return store


def test_an_unreadable_manifest_or_version_is_skipped_and_logged(
    store: str, proxied_s3: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    denied = proxy.status(403, "AccessDenied", "Access Denied")
    proxied_s3.faults.append(Fault(denied, path="heart-1/manifest|other/version", times=99))
    assert pending_samples.fn(f"{store}/samples", store, "lung") == [f"{store}/samples/a.h5ad"]
    assert f"ignoring a run: access denied: read {store}/runs/heart-1/manifest.json" in caplog.text
    assert len(registry.versions(store, "lung")) == 1
    assert f"a version is left out: access denied: read {store}/models/lung/other/version.json" in caplog.text


def test_records_are_not_skipped_on_other_errors(store: str, proxied_s3: Proxy) -> None:
    proxied_s3.faults.append(Fault(proxy.status(503, "SlowDown"), path="heart-1/manifest", times=999))
    with pytest.raises(TransientStorageError, match="heart-1"):
        pending_samples.fn(f"{store}/samples", store, "lung")
