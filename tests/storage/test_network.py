"""What is given up at once, and what after a while."""

import socket
import time

import pytest

from spatialcore import storage
from spatialcore.errors import StorageError, TransientStorageError
from spatialcore.storage.network import FailingFor, is_unresolved, require_host
from spatialcore.storage.retry import attempt
from spatialcore.storage.settings import StorageSettings


def test_a_host_without_an_address_is_given_up_at_once() -> None:
    """RFC 2606 keeps .invalid free of names."""
    started = time.monotonic()
    with pytest.raises(StorageError, match="host not found: store") as error:
        require_host("https://store.invalid/x")
    assert not isinstance(error.value, TransientStorageError)
    assert time.monotonic() - started < 20
    require_host("http://127.0.0.1:9")


def test_a_proxy_is_left_to_find_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    require_host("https://store.invalid/x")


def test_a_request_to_a_name_that_does_not_resolve_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    calls: list[int] = []

    def ask() -> None:
        calls.append(1)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    with pytest.raises(StorageError, match="host not found"):
        attempt(ask, what="read s3://bucket/x")
    assert len(calls) == 1
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
def test_which_errors_speak_of_names(error: OSError, expected: bool) -> None:
    assert is_unresolved(error) is expected


def test_a_request_that_keeps_failing_is_given_up_when_its_time_is_over(caplog: pytest.LogCaptureFixture) -> None:
    settings = StorageSettings(attempts=10_000, budget=0.3, first_wait=0.01, longest_wait=0.02)
    started = time.monotonic()

    def ask() -> None:
        raise ConnectionResetError("reset")

    with pytest.raises(TransientStorageError):
        attempt(ask, what="read gs://bucket/x", settings=settings)
    assert 0.3 <= time.monotonic() - started < 5
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) >= 5, "each try is told"
    assert all("\n" not in line for line in lines), "in one line"


def test_the_time_begins_with_the_first_failure_not_with_the_request() -> None:
    stop = FailingFor(0.05)
    assert stop(None) is False
    time.sleep(0.06)
    assert stop(None) is True


def test_gcsfs_makes_one_try_of_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gcsfs")
    from spatialcore.storage.backends.gcs import GCSBackend

    kind = GCSBackend("gs").file_system_class()
    assert not hasattr(kind._request, "__wrapped__")
    assert not hasattr(kind._get_file_request, "__wrapped__")
