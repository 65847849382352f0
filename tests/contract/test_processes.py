"""Several processes with one cache: one download, also after a killed process; and truncated responses of Google."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.annotation import resolve_uri_to_local
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import StorageError, TransientStorageError
from spatialcore.storage import cache
from tests.contract import faulty_proxy as proxy
from tests.contract.faulty_proxy import Fault, proxy_to
from tests.contract.servers import BUCKET

RESOLVE = (
    "import sys; from pathlib import Path; from spatialcore.annotation import resolve_uri_to_local;"
    "resolve_uri_to_local(sys.argv[1], Path(sys.argv[2]))"
)


def start_download(uri: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", RESOLVE, uri, str(folder)], stderr=subprocess.DEVNULL)


def stored_uri(scheme: str) -> str:
    uri = f"{scheme}://{BUCKET}/{uuid.uuid4().hex}/data.bin"
    storage.put_bytes(os.urandom(50_000), uri)
    return uri


def test_many_processes_one_download(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = stored_uri("s3")
    with proxy_to(s3) as s3_proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3_proxy.url)
        processes = [start_download(uri, tmp_path) for _ in range(3)]
        assert [process.wait() for process in processes] == [0, 0, 0]
        bodies = [path for method, path, _ in s3_proxy.requests if method == "GET" and path.endswith("data.bin")]
    assert len(bodies) == 1


def test_a_killed_holder_does_not_block_others(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = stored_uri("s3")
    with proxy_to(s3) as s3_proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3_proxy.url)
        fault = Fault(proxy.wait(10), path=r"data\.bin$", times=9)
        s3_proxy.faults.append(fault)
        process = start_download(uri, tmp_path)
        while not fault.n_matched:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        s3_proxy.faults.clear()
        path = resolve_uri_to_local(uri, tmp_path)
    assert path.read_bytes() == storage.read_bytes(uri)
    assert len(cache.list_entries(tmp_path)) == 1


def test_a_truncated_response_is_requested_again(gs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = stored_uri("gs")
    with proxy_to(gs) as s3_proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", s3_proxy.url)
        fault = Fault(proxy.shorten, path=r"data\.bin(?!\.manifest)(?!.*alt=media)", times=1)
        s3_proxy.faults.append(fault)
        copy = storage.get(uri, tmp_path / "back")
    assert fault.n_matched == 1
    assert copy.sha256 == sha256_of_file(tmp_path / "back")


def test_an_expired_token_is_reported_for_google(gs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = stored_uri("gs")
    with proxy_to(gs) as s3_proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", s3_proxy.url)
        s3_proxy.faults.append(Fault(proxy.status(400, "ExpiredToken", "It has expired."), path="data", times=9))
        with pytest.raises(StorageError, match="have expired") as failure:
            storage.get(uri, tmp_path / "back")
    assert not isinstance(failure.value, TransientStorageError)
    assert not (tmp_path / "back").exists()
