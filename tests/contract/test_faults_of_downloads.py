"""Downloads during faults of networks, clouds and disks; docs/reliability.md has the table of outcomes."""

import uuid
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import FileMissingError, StorageError, TransientStorageError
from tests.contract import faulty_proxy as proxy
from tests.contract.fault_cases import PERMANENT_FAULTS, SIZE, run_and_kill, small_disk
from tests.contract.fault_table import FaultTable
from tests.contract.faulty_proxy import Act, Fault, Proxy, proxy_to
from tests.contract.servers import BUCKET, azure_connection, web_server

TABLE = FaultTable("downloads")
COMPLETE = "retried; the file is complete and checked"
BODY = r"reference\.h5ad$"
TRANSIENT: dict[str, Act] = {
    "500 InternalError": proxy.status(500, "InternalError"),
    "503 SlowDown": proxy.status(503, "SlowDown", "Please reduce your request rate"),
    "connection reset before the answer": proxy.drop,
    "connection reset during the body": proxy.reset,
    "truncated body, right status and length": proxy.cut,
    "truncated body, length to match": proxy.shorten,
    "stalled body": proxy.stall,
    "one byte altered in transit": proxy.corrupt,
}
PERMANENT = {
    **{name: (act, StorageError, words) for name, (act, words) in PERMANENT_FAULTS.items()},
    "404 NoSuchKey": (proxy.status(404, "NoSuchKey"), FileMissingError, "reference"),
}


@pytest.mark.parametrize("name", TRANSIENT)
@pytest.mark.parametrize("times", [1, 2])
def test_transient_fault(name: str, times: int, proxied_s3: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    file_in_store = storage.put(file, uri)
    fault = Fault(TRANSIENT[name], path=BODY, times=times)
    proxied_s3.faults.append(fault)
    restored = storage.get(uri, tmp_path / "back.h5ad")
    assert fault.n_matched == times
    assert (restored.sha256, sha256_of_file(tmp_path / "back.h5ad")) == (file_in_store.sha256, file_in_store.sha256)
    TABLE.add(name, "download", COMPLETE)


def test_retry_requests_the_missing_bytes_only(proxied_s3: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    storage.put(file, uri)
    proxied_s3.faults.append(Fault(proxy.cut, path=BODY))
    proxied_s3.requests.clear()
    storage.get(uri, tmp_path / "back.h5ad")
    ranges = [headers.get("Range", "all") for method, path, headers in proxied_s3.requests if path.endswith(".h5ad")]
    assert ranges[1:] == ["all", f"bytes={SIZE // 2}-{SIZE - 1}"]  # the first request is for the size only


@pytest.mark.parametrize("name", PERMANENT)
def test_permanent_fault(name: str, proxied_s3: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    storage.put(file, uri)
    act, kind, words = PERMANENT[name]
    fault = Fault(act, path=BODY, times=99)
    proxied_s3.faults.append(fault)
    with pytest.raises(kind, match=words):
        storage.get(uri, tmp_path / "back.h5ad")
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert fault.n_matched == 1  # no retries
    TABLE.add(name, "download", "error at once, with what to do; no file appears")


def test_transient_fault_every_time(proxied_s3: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    storage.put(file, uri)
    proxied_s3.faults.append(Fault(TRANSIENT["503 SlowDown"], path=BODY, times=999))
    with pytest.raises(TransientStorageError):
        storage.get(uri, tmp_path / "back.h5ad")
    assert not (tmp_path / "back.h5ad").exists()
    TABLE.add("503 SlowDown every time", "download", "error after 7 attempts; no file appears")


def test_object_replaced_during_the_download(proxied_s3: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    storage.put(file, uri)
    other = tmp_path / "other"
    other.write_bytes(file.read_bytes()[::-1])

    def replace(handler: proxy.Handler, body: bytes) -> None:
        proxy.cut(handler, body)
        storage.put(other, uri)

    proxied_s3.faults.append(Fault(replace, path=BODY))
    storage.get(uri, tmp_path / "back.h5ad")
    assert sha256_of_file(tmp_path / "back.h5ad") == sha256_of_file(other)
    TABLE.add("object replaced during the download", "download", "detected; the new version is downloaded")


def test_killed_download_is_resumed(
    proxied_s3: Proxy, file: Path, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put(file, uri)
    monkeypatch.setenv("SPATIALCORE_STORAGE_READ_TIMEOUT", "60")
    proxied_s3.faults.append(Fault(lambda h, b: proxy.stall(h, b, seconds=9), path=BODY))
    target = tmp_path / "back.h5ad"
    code = f"from spatialcore import storage; storage.get({uri!r}, {str(target)!r})"
    # The footer is at the end of the unfinished file.
    run_and_kill(code, lambda: any(path.stat().st_size > SIZE for path in tmp_path.glob(".back*part")))
    assert not target.exists()
    proxied_s3.requests.clear()
    assert storage.get(uri, target).sha256 == sha256_of_file(file) == sha256_of_file(target)
    ranges = [headers["Range"] for _, _, headers in proxied_s3.requests if "Range" in headers]
    (first,) = ranges
    assert 200_000 <= int(first.removeprefix("bytes=").partition("-")[0]) <= SIZE // 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back.h5ad", file.name]
    TABLE.add("kill -9", "download", "no file appears; the next call resumes where it ended")


def test_disk_too_small(proxied_s3: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    storage.put(file, uri)
    with small_disk(tmp_path / "small", 256) as small:
        with pytest.raises(StorageError, match="space"):
            storage.get(uri, small / "back.h5ad")
        assert list(small.iterdir()) == []
    TABLE.add("disk too small", "download", "error before the download, with the missing space; nothing is left behind")


def test_disk_fills_up(proxied_s3: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    storage.put(file, uri)
    with small_disk(tmp_path / "small", 1024) as small:

        def fill(handler: proxy.Handler, body: bytes) -> None:
            (small / "other").write_bytes(b"x" * 700_000)
            handler.send(handler.forward(body))

        proxied_s3.faults.append(Fault(fill, path=BODY))
        with pytest.raises(StorageError, match="space"):
            storage.get(uri, small / "back.h5ad")
        assert [path.name for path in small.iterdir()] == ["other"]
    TABLE.add("disk fills up (ENOSPC)", "download", "error; no file appears, nothing is left behind")


@pytest.mark.parametrize(
    "name", ["503 SlowDown", "connection reset during the body", "truncated body, right status and length"]
)
def test_transient_fault_gcs(name: str, gs: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"gs://{BUCKET}/{uuid.uuid4().hex}/reference.h5ad"
    storage.put(file, uri)
    with proxy_to(gs) as running:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.url)
        fault = Fault(TRANSIENT[name], path=r"alt=media", times=2)
        running.faults.append(fault)
        assert storage.get(uri, tmp_path / "back.h5ad").sha256 == sha256_of_file(file)
        assert fault.n_matched >= 1
    TABLE.add(name, "download from GCS", COMPLETE)


@pytest.mark.parametrize(
    "name", ["503 SlowDown", "connection reset during the body", "truncated body, right status and length"]
)
def test_transient_fault_azure(
    name: str, azure: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"az://{BUCKET}/{uuid.uuid4().hex}/reference.h5ad"
    storage.put(file, uri)
    with proxy_to(azure) as running:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure_connection(running.url))
        fault = Fault(TRANSIENT[name], path=BODY, times=2)
        running.faults.append(fault)
        assert storage.get(uri, tmp_path / "back.h5ad").sha256 == sha256_of_file(file)
        assert fault.n_matched == 2
    TABLE.add(name, "download from Azure", COMPLETE)


@pytest.mark.parametrize("name", ["503 SlowDown", "truncated body, right status and length", "stalled body"])
def test_transient_fault_http(name: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALCORE_STORAGE_READ_TIMEOUT", "0.7")
    with web_server(tmp_path) as inner, proxy_to(inner) as running:  # a server without ranges
        fault = Fault(TRANSIENT[name], path=BODY, times=2)
        running.faults.append(fault)
        storage.get(f"{running.url}/{file.name}", tmp_path / "back" / "back.h5ad")
        assert fault.n_matched == 2
    assert sha256_of_file(tmp_path / "back" / "back.h5ad") == sha256_of_file(file)
    TABLE.add(name, "download from a web server", "retried; the file is complete")


def test_table_in_the_docs() -> None:
    TABLE.compare(complete=len(TABLE.rows) == 26)
