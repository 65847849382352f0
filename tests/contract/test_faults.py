"""What storage does when networks and clouds fail. The table in docs/reliability.md is what these tests saw."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import FileMissingError, StorageError, TransientStorageError
from tests.contract import faulty_proxy as proxy
from tests.contract.faulty_proxy import Answer, Fault, Handler, Proxy, proxy_to
from tests.contract.servers import BUCKET

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- storage faults: begin -->", "<!-- storage faults: end -->"
SIZE = 600_000
TRIED: dict[tuple[str, str], str] = {}

Act = Callable[[Handler, Answer], None]
PASSING: dict[str, Act] = {
    "500 InternalError": proxy.status(500, "InternalError"),
    "503 SlowDown": proxy.status(503, "SlowDown", "Please reduce your request rate"),
    "connection reset before the answer": proxy.drop,
    "connection reset in mid-body": proxy.reset,
    "body cut off, right status and length": proxy.cut,
    "body too short, length to match": proxy.shorten,
    "stall in mid-body": proxy.stall,
    "one byte changed on the way": proxy.corrupt,
}
LASTING: dict[str, tuple[Act, type[Exception], str]] = {
    "403 AccessDenied": (proxy.status(403, "AccessDenied"), StorageError, "AWS_ACCESS_KEY_ID"),
    "404 NoSuchKey": (proxy.status(404, "NoSuchKey"), FileMissingError, "reference"),
    "expired token": (proxy.status(400, "ExpiredToken", "The provided token has expired."), StorageError, "expired"),
    "clock skew": (proxy.status(403, "RequestTimeTooSkewed"), StorageError, "clock"),
}


@pytest.fixture(scope="module")
def s3_proxy(s3_url: str) -> Iterator[Proxy]:
    with proxy_to(s3_url) as running:
        yield running


@pytest.fixture
def s3_behind(s3: str, s3_proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    """Point the environment at the proxy, with no fault yet."""
    s3_proxy.faults.clear()
    s3_proxy.requests.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_proxy.url)
    monkeypatch.setenv("SPATIALCORE_STORAGE_READ_TIMEOUT", "0.7")
    monkeypatch.setenv("SPATIALCORE_STORAGE_BLOCK", str(200_000))
    return s3_proxy


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "reference.h5ad"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.fixture
def uri() -> str:
    return f"s3://{BUCKET}/{uuid.uuid4().hex}/reference.h5ad"


def told(fault: str, operation: str, outcome: str) -> None:
    TRIED[fault, operation] = outcome


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("times", [1, 2])
def test_a_download_survives_what_passes(
    name: str, times: int, s3_behind: Proxy, file: Path, uri: str, tmp_path: Path
) -> None:
    stored = storage.put(file, uri)
    fault = Fault(PASSING[name], path=r"reference\.h5ad$", times=times)
    s3_behind.faults.append(fault)
    back = storage.get(uri, tmp_path / "back.h5ad")
    assert fault.seen == times
    assert (back.sha256, sha256_of_file(tmp_path / "back.h5ad")) == (stored.sha256, stored.sha256)
    told(name, "download", "tried again; the file is whole and checked")


@pytest.mark.parametrize("name", LASTING)
def test_a_download_ends_at_once_with_what_lasts(
    name: str, s3_behind: Proxy, file: Path, uri: str, tmp_path: Path
) -> None:
    storage.put(file, uri)
    act, kind, words = LASTING[name]
    fault = Fault(act, path=r"reference\.h5ad$", times=99)
    s3_behind.faults.append(fault)
    with pytest.raises(kind, match=words):
        storage.get(uri, tmp_path / "back.h5ad")
    assert not (tmp_path / "back.h5ad").exists()
    assert fault.seen <= 4  # one for each range that was asked for at once: no retries
    told(name, "download", "refused at once, with what to do; no file appears")


def test_a_download_gives_up_when_nothing_passes(s3_behind: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    storage.put(file, uri)
    s3_behind.faults.append(Fault(PASSING["503 SlowDown"], path=r"reference\.h5ad$", times=999))
    with pytest.raises(TransientStorageError):
        storage.get(uri, tmp_path / "back.h5ad")
    assert not (tmp_path / "back.h5ad").exists()
    told("503 SlowDown without end", "download", "given up after 7 tries; no file appears")


@pytest.mark.parametrize("name", ["500 InternalError", "503 SlowDown", "connection reset before the answer"])
@pytest.mark.parametrize("step", ["upload", "rename"])
def test_an_upload_survives_what_passes(name: str, step: str, s3_behind: Proxy, file: Path, uri: str) -> None:
    path = r"reference\.h5ad\..*part" if step == "upload" else r"reference\.h5ad$"
    fault = Fault(PASSING[name], "PUT", path, times=2)
    s3_behind.faults.append(fault)
    stored = storage.put(file, uri)
    assert fault.seen == 2
    assert stored.sha256 == sha256_of_file(file)
    assert len(storage.list(uri.rpartition("/")[0])) == 1
    told(name, "upload", "tried again; the object is whole and checked")


@pytest.mark.parametrize("name", ["403 AccessDenied", "expired token", "clock skew"])
def test_an_upload_ends_at_once_with_what_lasts(name: str, s3_behind: Proxy, file: Path, uri: str) -> None:
    act, kind, words = LASTING[name]
    s3_behind.faults.append(Fault(act, "PUT", r"part", times=99))
    with pytest.raises(kind, match=words):
        storage.put(file, uri)
    s3_behind.faults.clear()
    assert not storage.exists(uri)
    told(name, "upload", "refused at once, with what to do; no object appears")


def run_and_kill(code: str, ready: Callable[[], bool]) -> None:
    """Run Python code in a process of its own and kill it with SIGKILL as soon as something is there."""
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ.copy(), stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(600):
            if ready():
                break
            assert process.poll() is None, f"it ended before it could be killed: {process.communicate()[1]}"
            time.sleep(0.05)
        else:
            pytest.fail("it did not come to the point where it was to be killed")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_a_killed_download_leaves_no_file_and_is_taken_up(
    s3_behind: Proxy, file: Path, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put(file, uri)
    monkeypatch.setenv("SPATIALCORE_STORAGE_STREAMS", "1")
    monkeypatch.setenv("SPATIALCORE_STORAGE_READ_TIMEOUT", "60")
    calls = iter(range(100))
    blocks = r"reference\.h5ad$"
    s3_behind.faults.append(Fault(lambda h, a: proxy.stall(h, a) if next(calls) else h.send(a), path=blocks, times=9))
    target = tmp_path / "back.h5ad"
    code = f"from spatialcore import storage; storage.get({uri!r}, {str(target)!r})"
    run_and_kill(code, lambda: any(path.stat().st_size > 0 for path in tmp_path.glob(".back*part")))
    assert not target.exists()
    s3_behind.faults.clear()
    s3_behind.requests.clear()
    assert storage.get(uri, target).sha256 == sha256_of_file(file) == sha256_of_file(target)
    ranges = [headers.get("Range", "") for method, _, headers in s3_behind.requests if method == "GET"]
    assert "bytes=0-199999" not in ranges  # what was there is not fetched again
    told("kill -9", "download", "no file appears; the next try goes on where it ended")


def test_a_killed_upload_leaves_no_object(s3_behind: Proxy, file: Path, uri: str) -> None:
    struck = Fault(lambda h, _: time.sleep(5), "PUT", r"part", times=9)
    s3_behind.faults.append(struck)
    code = f"from spatialcore import storage; storage.put({str(file)!r}, {uri!r})"
    run_and_kill(code, lambda: struck.seen > 0)
    s3_behind.faults.clear()
    assert not storage.exists(uri)
    assert storage.put(file, uri).sha256 == sha256_of_file(file)
    told("kill -9", "upload", "no object appears; the next try stores it")


def test_a_full_disk_is_named_and_leaves_nothing(s3_behind: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("a small file system can only be mounted by root")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    try:
        storage.put(file, uri)
        with pytest.raises(StorageError, match="space"):
            storage.get(uri, small / "back.h5ad")
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)
    told("disk full", "download", "refused with how much is missing; nothing is left behind")


@pytest.mark.parametrize(
    "name", ["503 SlowDown", "connection reset in mid-body", "body cut off, right status and length"]
)
def test_google_too(name: str, gs: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"gs://{BUCKET}/{uuid.uuid4().hex}/reference.h5ad"
    storage.put(file, uri)
    with proxy_to(gs) as running:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.url)
        fault = Fault(PASSING[name], path=r"alt=media", times=2)
        running.faults.append(fault)
        assert storage.get(uri, tmp_path / "back.h5ad").sha256 == sha256_of_file(file)
        assert fault.seen >= 1
    told(name, "download from GCS", "tried again; the file is whole and checked")


def test_the_table_in_the_docs_is_what_was_seen() -> None:
    rows = [f"| {fault} | {operation} | {outcome} |" for (fault, operation), outcome in sorted(TRIED.items())]
    text = DOCS.read_text()
    before, told, after = text[: text.index(BEGIN)], text[text.index(BEGIN) : text.index(END)], text[text.index(END) :]
    if os.environ.get("SPATIALCORE_WRITE_DOCS"):
        told = "\n".join([BEGIN, "| fault | during | outcome |", "|---|---|---|", *rows, ""])
        DOCS.write_text(before + told + after)
    assert [row for row in rows if row not in told] == []
    if ("disk full", "download") in TRIED and len(TRIED) >= 24:  # the whole file was run, and a disk could be filled
        assert told.count("\n| ") == len(rows) + 1
