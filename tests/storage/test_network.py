"""Which network errors end at once, and which after a time."""

import socket
import time
from types import SimpleNamespace
from typing import Any

import pytest

from spatialcore import storage
from spatialcore.errors import StorageError, TransientStorageError
from spatialcore.storage.network import FailingFor, is_unresolved, require_host
from spatialcore.storage.retry import attempt
from spatialcore.storage.settings import StorageSettings
from tests.contract.servers import silent_server


def environment_for(url: str) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "a secret of tests", "AWS_DEFAULT_REGION": "us-east-1"}
    return {"AWS_ENDPOINT_URL": url, "STORAGE_EMULATOR_HOST": url, **keys}


def test_an_unknown_host_fails_at_once() -> None:
    """RFC 2606 reserves .invalid."""
    started = time.monotonic()
    with pytest.raises(StorageError, match="host not found: store") as error:
        require_host("https://store.invalid/x")
    assert not isinstance(error.value, TransientStorageError)
    assert time.monotonic() - started < 20
    require_host("http://127.0.0.1:9")


def test_a_proxy_resolves_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    require_host("https://store.invalid/x")


def test_a_request_to_an_unknown_host_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    requests: list[int] = []

    def request() -> None:
        requests.append(1)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    with pytest.raises(StorageError, match="host not found"):
        attempt(request, what="read s3://bucket/x")
    assert len(requests) == 1
    with pytest.raises(StorageError, match="host not found"):
        storage.read_bytes("http://store.invalid/x")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError("Failed to resolve 'x' ([Errno -2] Name or service not known)"), True),
        (ConnectionRefusedError("refused"), False),
        (TimeoutError("no answer"), False),
    ],
)
def test_which_errors_mean_an_unknown_host(error: OSError, expected: bool) -> None:
    assert is_unresolved(error) is expected


def test_retries_end_after_the_budget(caplog: pytest.LogCaptureFixture) -> None:
    settings = StorageSettings(attempts=10_000, budget=0.3, first_wait=0.01, longest_wait=0.02)
    started = time.monotonic()

    def request() -> None:
        raise ConnectionResetError("reset")

    with pytest.raises(TransientStorageError):
        attempt(request, what="read gs://bucket/x", settings=settings)
    assert 0.3 <= time.monotonic() - started < 5
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) >= 5, "each attempt is logged"
    assert all("\n" not in line for line in lines), "each message is one line"


def retry_state(seconds: float) -> Any:
    """Return the state of a request whose first attempt failed after some seconds."""
    return SimpleNamespace(seconds_since_start=seconds)


def test_a_long_successful_transfer_is_retried() -> None:
    stop = FailingFor(0.5, timeout=0.1)
    assert stop(retry_state(3600)) is False
    time.sleep(0.4)
    assert stop(retry_state(3600.4)) is True


def test_the_time_of_an_attempt_that_timed_out_counts() -> None:
    assert FailingFor(60, timeout=60)(retry_state(60.1)) is True
    assert FailingFor(60, timeout=60)(retry_state(59)) is False


@pytest.mark.parametrize("uri", ["s3://bucket/x.h5ad", "gs://bucket/x.h5ad", "http"])
def test_a_store_that_never_answers_fails_within_the_budget(
    uri: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with silent_server() as url:
        for name, value in {**environment_for(url), "SPATIALCORE_STORAGE_READ_TIMEOUT": "1"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("SPATIALCORE_STORAGE_BUDGET", "4")
        storage.exists("memory://bucket/x")  # imports at the first use are not measured
        started = time.monotonic()
        with pytest.raises(TransientStorageError, match=r"x\.h5ad"):
            storage.read_bytes(f"{url}/x.h5ad" if uri == "http" else uri)
        assert time.monotonic() - started < 15
    assert 1 <= sum(record.getMessage().startswith("retrying") for record in caplog.records) <= 4


@pytest.mark.parametrize("uri", ["s3://bucket/x.h5ad", "gs://bucket/x.h5ad"])
def test_a_store_with_an_unknown_host_fails_at_once(
    uri: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in environment_for("http://store.invalid").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(StorageError, match="host not found") as error:
        storage.read_bytes(uri)
    assert not isinstance(error.value, TransientStorageError)
    assert not caplog.records


def test_gcsfs_makes_each_request_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gcsfs")
    from spatialcore.storage.backends.gcs import GCSBackend

    kind = GCSBackend("gs").file_system_class()
    assert not hasattr(kind._request, "__wrapped__")
    assert not hasattr(kind._get_file_request, "__wrapped__")
