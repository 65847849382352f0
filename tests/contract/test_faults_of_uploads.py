"""Uploads during faults of networks, clouds and disks; docs/reliability.md has the table of outcomes."""

import os
import resource
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spatialcore import storage
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import ConflictError, StorageError, TransientStorageError
from tests.contract import faulty_proxy as proxy
from tests.contract.fault_cases import PERMANENT_FAULTS, SIZE, run_and_kill, small_disk
from tests.contract.fault_table import FaultTable
from tests.contract.faulty_proxy import Act, Fault, Proxy, proxy_to
from tests.contract.servers import BUCKET, azure_connection

TABLE = FaultTable("uploads")
COMPLETE = "retried; the object is complete and checked"
STEPS = {"begin": ("POST", r"\?uploads"), "part": ("PUT", r"partNumber="), "finish": ("POST", r"\?uploadId=")}
TRANSIENT: dict[str, Act] = {
    "500 InternalError": proxy.status(500, "InternalError"),
    "503 SlowDown": proxy.status(503, "SlowDown", "Please reduce your request rate"),
    "connection reset before the request arrived": proxy.drop,
    "answer lost after the request was executed": proxy.lose_answer,
}


def assert_stored(file: Path, uri: str) -> None:
    """Check that the stored bytes and the manifest match the file, and that no other object exists."""
    folder = uri.rpartition("/")[0]
    assert storage.list_files(folder) == [uri]
    manifest = storage.read_manifest(uri)
    assert manifest is not None
    assert manifest.file.sha256 == sha256_of_file(file)
    assert storage.read_bytes(uri) == file.read_bytes()


@pytest.mark.parametrize("name", TRANSIENT)
@pytest.mark.parametrize("step", STEPS)
def test_transient_fault(name: str, step: str, proxied_s3: Proxy, file: Path, uri: str) -> None:
    method, path = STEPS[step]
    fault = Fault(TRANSIENT[name], method, path, times=2)
    proxied_s3.faults.append(fault)
    storage.put(file, uri)
    assert fault.n_matched == 2
    assert_stored(file, uri)
    TABLE.add(name, "upload", COMPLETE)


@pytest.mark.parametrize("name", ["503 SlowDown", "answer lost after the request was executed"])
def test_transient_fault_of_the_manifest(name: str, proxied_s3: Proxy, file: Path, uri: str) -> None:
    fault = Fault(TRANSIENT[name], "PUT", r"manifest\.json$", times=2)
    proxied_s3.faults.append(fault)
    storage.put(file, uri)
    assert fault.n_matched == 2
    assert_stored(file, uri)


def test_failed_part_is_sent_again(proxied_s3: Proxy, uri: str, tmp_path: Path) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(12 << 20))
    proxied_s3.faults.append(Fault(proxy.drop, "PUT", r"partNumber=2"))
    storage.put(file, uri)
    sent = sorted(path.partition("partNumber=")[2][0] for _, path, _ in proxied_s3.requests if "partNumber" in path)
    assert sent == ["1", "2", "2", "3"]
    assert_stored(file, uri)


@pytest.mark.parametrize("name", PERMANENT_FAULTS)
@pytest.mark.parametrize("step", STEPS)
def test_permanent_fault(name: str, step: str, proxied_s3: Proxy, file: Path, uri: str) -> None:
    act, words = PERMANENT_FAULTS[name]
    fault = Fault(act, *STEPS[step], times=99)
    proxied_s3.faults.append(fault)
    with pytest.raises(StorageError, match=words):
        storage.put(file, uri)
    assert fault.n_matched == 1
    assert is_absent(uri)
    TABLE.add(name, "upload", "error at once, with what to do; no object appears, no parts are left")


def is_absent(uri: str) -> bool:
    """Return whether there is neither an object nor an unfinished upload."""
    system, location = storage.connect(uri)
    bucket, _, key = location.path.partition("/")
    unfinished = system.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=key).get("Uploads", [])
    return not storage.exists(uri) and not unfinished


def test_transient_fault_every_time(proxied_s3: Proxy, file: Path, uri: str) -> None:
    proxied_s3.faults.append(Fault(TRANSIENT["503 SlowDown"], "PUT", "partNumber=", times=99))
    with pytest.raises(TransientStorageError):
        storage.put(file, uri)
    assert is_absent(uri)
    TABLE.add("503 SlowDown every time", "upload", "error after 7 attempts; no object appears, no parts are left")


@pytest.mark.parametrize("path", ["partNumber=", r"manifest\.json$"])
@pytest.mark.parametrize(
    ("alter", "store"),
    [(proxy.corrupt_upward, "compares nothing"), (proxy.corrupt_noticed, "compares their MD5")],
    ids=["unnoticed", "noticed"],
)
def test_altered_bytes(
    alter: Callable[..., Any], store: str, path: str, proxied_s3: Proxy, file: Path, uri: str
) -> None:
    fault = Fault(alter, "PUT", path, times=2)
    proxied_s3.faults.append(fault)
    storage.put(file, uri)
    assert fault.n_matched == 2
    assert_stored(file, uri)
    TABLE.add(f"bytes altered in transit, to a store that {store}", "upload", COMPLETE)


def test_altered_bytes_every_time(proxied_s3: Proxy, file: Path, uri: str) -> None:
    proxied_s3.faults.append(Fault(proxy.corrupt_upward, "PUT", "partNumber=", times=99))
    with pytest.raises(TransientStorageError, match="part 1 has checksum"):
        storage.put(file, uri)
    assert is_absent(uri)
    TABLE.add("bytes altered in transit every time", "upload", "error after 7 attempts; no object appears")


@pytest.mark.parametrize("name", TRANSIENT)
def test_transient_fault_of_a_copy(name: str, proxied_s3: Proxy, file: Path, uri: str) -> None:
    first = storage.put(file, uri)
    fault = Fault(TRANSIENT[name], "PUT", r"/copy/reference\.\w+$", times=2)
    proxied_s3.faults.append(fault)
    copied = storage.copy(first, f"{uri.rpartition('/')[0]}/copy/{uri.rpartition('/')[2]}")
    assert fault.n_matched == 2
    assert_stored(file, copied.uri)
    TABLE.add(name, "copy inside the store", COMPLETE)


@pytest.mark.parametrize("times", [1, 2])
def test_lost_answer_is_not_a_conflict(times: int, proxied_s3: Proxy, uri: str) -> None:
    proxied_s3.faults.append(Fault(proxy.lose_answer, "PUT", "reference", times=times))
    first = storage.put_new(b"version 1", uri)
    proxied_s3.faults.append(Fault(proxy.lose_answer, "PUT", "reference", times=times))
    second = storage.put_if(b"version 2", uri, expected=first.token)
    assert storage.read_versioned(uri) == (b"version 2", second.token)
    TABLE.add(
        "answer lost after the request was executed",
        "conditional write of a pointer",
        "retried; the object is recognized as the own one, no conflict",
    )


def test_same_content_by_another_writer_is_a_conflict(proxied_s3: Proxy, uri: str) -> None:
    def write_first(handler: proxy.Handler, body: bytes) -> None:
        storage.put_bytes(b"taken", uri)
        handler.hang_up()

    proxied_s3.faults.append(Fault(write_first, "PUT", "reference"))
    with pytest.raises(ConflictError):
        storage.put_new(b"taken", uri)
    TABLE.add("another writer is first, with the same bytes", "conditional write of a pointer", "ConflictError")


@pytest.mark.parametrize("step", ["part", "finish"])
def test_killed_upload(step: str, proxied_s3: Proxy, file: Path, uri: str) -> None:
    fault = Fault(proxy.wait(5), *STEPS[step], times=9)
    proxied_s3.faults.append(fault)
    run_and_kill(f"from spatialcore import storage; storage.put({str(file)!r}, {uri!r})", lambda: fault.n_matched > 0)
    proxied_s3.faults.clear()
    assert not storage.exists(uri)
    storage.put(file, uri)
    assert_stored(file, uri)
    TABLE.add("kill -9", "upload", "no object appears; the next call stores it")


def test_file_changed_during_the_upload(proxied_s3: Proxy, file: Path, uri: str) -> None:
    def change(handler: proxy.Handler, body: bytes) -> None:
        answer = handler.forward(body)
        file.write_bytes(b"x" * SIZE)  # before the upload can continue
        handler.send(answer)

    proxied_s3.faults.append(Fault(change, *STEPS["part"]))
    with pytest.raises(StorageError, match="changed while it was uploaded"):
        storage.put(file, uri)
    assert is_absent(uri)
    TABLE.add("file changed during the upload", "upload", "error; no object appears")


def test_full_disk(file: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 512) as small:
        with pytest.raises(StorageError, match="space"):
            storage.put(file, small / "copy.h5ad")
        assert list(small.iterdir()) == []
    TABLE.add("disk full (ENOSPC)", "put into a folder", "error; no file appears, nothing is left behind")


def test_file_size_limit(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "store" / "copy.h5ad"
    code = f"from spatialcore import storage; storage.put({str(file)!r}, {str(target)!r})"
    process = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE // 2, SIZE // 2)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "StorageError: no space left" in process.stderr
    assert list(target.parent.iterdir()) == []
    TABLE.add("file size limit (EFBIG)", "put into a folder", "error; nothing is left behind")


@pytest.mark.parametrize("name", ["503 SlowDown", "answer lost after the request was executed"])
def test_transient_fault_gcs(name: str, gs: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"gs://{BUCKET}/{uuid.uuid4().hex}/reference.h5ad"
    with proxy_to(gs) as running:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.url)
        running.faults += [Fault(TRANSIENT[name], "POST", "upload"), Fault(TRANSIENT[name], "POST", "rewrite")]
        storage.put(file, uri)
        assert [fault.n_matched for fault in running.faults] == [1, 1]
        pointer = uri.replace("reference.h5ad", "current.json")
        running.faults += [Fault(TRANSIENT[name], "POST", "upload")]
        first = storage.put_new(b"version 1", pointer)
        running.faults += [Fault(TRANSIENT[name], "POST", "upload")]
        assert storage.put_if(b"version 2", pointer, expected=first.token).token == storage.token(pointer)
        storage.delete(pointer)
        assert_stored(file, uri)
    TABLE.add(name, "upload to GCS", COMPLETE)


def test_altered_bytes_gcs(gs: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"gs://{BUCKET}/{uuid.uuid4().hex}/reference.h5ad"
    with proxy_to(gs) as running:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.url)
        fault = Fault(proxy.corrupt_upward, "POST", "upload", times=2)
        running.faults.append(fault)
        storage.put(file, uri)
        assert fault.n_matched == 2
        assert_stored(file, uri)
    TABLE.add("bytes altered in transit, to a store that compares nothing", "upload to GCS", COMPLETE)


@pytest.mark.parametrize("name", TRANSIENT)
@pytest.mark.parametrize("step", [r"comp=block&", "comp=blocklist"], ids=["block", "commit"])
def test_transient_fault_azure(name: str, step: str, azure: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"az://{BUCKET}/{uuid.uuid4().hex}/reference.h5ad"
    with proxy_to(azure) as running:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure_connection(running.url))
        running.faults.append(Fault(TRANSIENT[name], "PUT", step, times=2))
        storage.put(file, uri)
        assert running.faults[0].n_matched == 2
        assert_stored(file, uri)
    TABLE.add(name, "upload to Azure", COMPLETE)


@pytest.mark.parametrize("name", ["503 SlowDown", "answer lost after the request was executed"])
def test_pointer_azure(name: str, azure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"az://{BUCKET}/{uuid.uuid4().hex}/current.json"
    with proxy_to(azure) as running:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure_connection(running.url))
        running.faults.append(Fault(TRANSIENT[name], "PUT", "current"))
        first = storage.put_new(b"version 1", uri)
        running.faults.append(Fault(TRANSIENT[name], "PUT", "current"))
        assert storage.put_if(b"version 2", uri, expected=first.token).token == storage.token(uri)
        assert [fault.n_matched for fault in running.faults] == [1, 1]


def test_table_in_the_docs() -> None:
    TABLE.compare(complete=len(TABLE.rows) == 28)  # with those of Azure, which needs azurite
