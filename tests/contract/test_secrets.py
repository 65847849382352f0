"""Planted secrets do not appear in logs, errors, manifests, keys or files."""

import json
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.annotation import acquire_reference, resolve_uri_to_local
from spatialcore.errors import SpatialCoreError
from tests.contract import faulty_proxy as proxy
from tests.contract.faulty_proxy import Fault, proxy_to
from tests.contract.servers import BUCKET, KEY, SECRET, web_server

SESSION = "planted-session-token-4711"
PASSWORD = "planted-password-0815"
SIGNATURE = "planted-signature-1234"
PRIVATE_KEY = "planted-private-key-5678"
PLANTED = (KEY, SECRET, SESSION, PASSWORD, SIGNATURE, PRIVATE_KEY)


@pytest.fixture
def planted(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Set secrets in every variable that is read."""
    account = tmp_path / "home" / "account.json"
    account.parent.mkdir()
    account.write_text(json.dumps({"type": "service_account", "private_key": PRIVATE_KEY}))
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
    monkeypatch.setenv("SYNAPSE_AUTH_TOKEN", PASSWORD)
    monkeypatch.setenv("SPATIALCORE_STORAGE_ATTEMPTS", "2")
    with proxy_to(s3) as s3_proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3_proxy.url)
        leak = " ".join(PLANTED)
        s3_proxy.faults.append(Fault(proxy.status(403, "AccessDenied", leak), path="denied", times=99))
        s3_proxy.faults.append(Fault(proxy.status(500, "InternalError", leak), path="busy", times=99))
        yield f"s3://{BUCKET}/{uuid.uuid4().hex}"


def test_no_output_contains_a_secret(planted: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="spatialcore")
    out = tmp_path / "out"
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "table.csv").write_text("a,b\n")
    with web_server(tmp_path / "served") as url:
        signed = f"{url.replace('://', f'://me:{PASSWORD}@')}/table.csv?X-Amz-Signature={SIGNATURE}&token={SESSION}"
        acquire_reference(signed, out / "signed.csv")
        acquire_reference(signed, f"{planted}/signed.csv")
        resolve_uri_to_local(signed, out / "cache")
        resolve_uri_to_local(f"{planted}/signed.csv", out / "cache")
        failures = [f"{planted}/{name}.csv" for name in ("denied", "busy", "absent")]
        failures.append(signed.replace("table", "absent"))
        texts = [_failure(uri, out / "x.csv") for uri in failures]
    texts.append(caplog.text)
    texts += [storage.read_text(storage.manifest_uri(f"{planted}/signed.csv"))]
    texts += [path.read_text() for path in out.rglob("*") if path.is_file()]
    texts += [str(path) for path in out.rglob("*")]
    assert len(texts) > 8
    assert "signed.csv" in caplog.text
    for secret in PLANTED:
        assert [text for text in texts if secret in text] == []


def _failure(uri: str, target: Path) -> str:
    """Return all text that a traceback of this failure could show."""
    with pytest.raises(SpatialCoreError) as failure:
        acquire_reference(uri, target)
    texts: list[str] = []
    link: BaseException | None = failure.value
    while link is not None:
        texts.append(f"{link!r} {link} {getattr(link, 'hint', '')}")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return " ".join(texts)
