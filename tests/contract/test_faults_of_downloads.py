"""What a download does when networks, clouds and disks fail; docs/reliability.md has the table of what was seen."""

import uuid
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import FileMissingError, StorageError, TransientStorageError
from tests.contract import faulty_proxy as proxy
from tests.contract.fault_table import FaultTable
from tests.contract.faulty_proxy import Act, Fault, Proxy, proxy_to
from tests.contract.servers import BUCKET, web_server
from tests.contract.trouble import SIZE, WHAT_LASTS, run_and_kill, small_disk

TABLE = FaultTable("downloads")
WHOLE = "tried again; the file is whole and checked"
BODY = r"reference\.h5ad$"
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
LASTING = {
    **{name: (act, StorageError, words) for name, (act, words) in WHAT_LASTS.items()},
    "404 NoSuchKey": (proxy.status(404, "NoSuchKey"), FileMissingError, "reference"),
}


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("times", [1, 2])
def test_a_download_survives_what_passes(
    name: str, times: int, s3_behind: Proxy, file: Path, uri: str, tmp_path: Path
) -> None:
    stored = storage.put(file, uri)
    fault = Fault(PASSING[name], path=BODY, times=times)
    s3_behind.faults.append(fault)
    back = storage.get(uri, tmp_path / "back.h5ad")
    assert fault.seen == times
    assert (back.sha256, sha256_of_file(tmp_path / "back.h5ad")) == (stored.sha256, stored.sha256)
    TABLE.tell(name, "download", WHOLE)


def test_what_has_come_is_not_asked_for_again(s3_behind: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    storage.put(file, uri)
    s3_behind.faults.append(Fault(proxy.cut, path=BODY))
    s3_behind.requests.clear()
    storage.get(uri, tmp_path / "back.h5ad")
    ranges = [headers.get("Range", "all") for method, path, headers in s3_behind.requests if path.endswith(".h5ad")]
    assert ranges[1:] == ["all", f"bytes={SIZE // 2}-{SIZE - 1}"]  # the first asked for the size only


@pytest.mark.parametrize("name", LASTING)
def test_a_download_ends_at_once_with_what_lasts(
    name: str, s3_behind: Proxy, file: Path, uri: str, tmp_path: Path
) -> None:
    storage.put(file, uri)
    act, kind, words = LASTING[name]
    fault = Fault(act, path=BODY, times=99)
    s3_behind.faults.append(fault)
    with pytest.raises(kind, match=words):
        storage.get(uri, tmp_path / "back.h5ad")
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert fault.seen == 1  # no retries
    TABLE.tell(name, "download", "refused at once, with what to do; no file appears")


def test_a_download_gives_up_when_nothing_passes(s3_behind: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    storage.put(file, uri)
    s3_behind.faults.append(Fault(PASSING["503 SlowDown"], path=BODY, times=999))
    with pytest.raises(TransientStorageError):
        storage.get(uri, tmp_path / "back.h5ad")
    assert not (tmp_path / "back.h5ad").exists()
    TABLE.tell("503 SlowDown without end", "download", "given up after 7 tries; no file appears")


def test_an_object_replaced_in_mid_body_is_fetched_anew(s3_behind: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    storage.put(file, uri)
    other = tmp_path / "other"
    other.write_bytes(file.read_bytes()[::-1])

    def replaced(handler: proxy.Handler, body: bytes) -> None:
        proxy.cut(handler, body)
        storage.put(other, uri)

    s3_behind.faults.append(Fault(replaced, path=BODY))
    storage.get(uri, tmp_path / "back.h5ad")
    assert sha256_of_file(tmp_path / "back.h5ad") == sha256_of_file(other)
    TABLE.tell("the object is replaced in mid-body", "download", "noticed; the new version is fetched, from its start")


def test_a_killed_download_leaves_no_file_and_is_taken_up(
    s3_behind: Proxy, file: Path, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put(file, uri)
    monkeypatch.setenv("SPATIALCORE_STORAGE_READ_TIMEOUT", "60")
    s3_behind.faults.append(Fault(lambda h, b: proxy.stall(h, b, seconds=9), path=BODY))
    target = tmp_path / "back.h5ad"
    code = f"from spatialcore import storage; storage.get({uri!r}, {str(target)!r})"
    # A note of what is there lies behind the end of the unfinished file.
    run_and_kill(code, lambda: any(path.stat().st_size > SIZE for path in tmp_path.glob(".back*part")))
    assert not target.exists()
    s3_behind.requests.clear()
    assert storage.get(uri, target).sha256 == sha256_of_file(file) == sha256_of_file(target)
    ranges = [headers["Range"] for _, _, headers in s3_behind.requests if "Range" in headers]
    (first,) = ranges
    assert 200_000 <= int(first.removeprefix("bytes=").partition("-")[0]) <= SIZE // 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back.h5ad", file.name]
    TABLE.tell("kill -9", "download", "no file appears; the next try goes on where it ended")


def test_a_disk_that_is_too_small_is_named(s3_behind: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    storage.put(file, uri)
    with small_disk(tmp_path / "small", 256) as small:
        with pytest.raises(StorageError, match="space"):
            storage.get(uri, small / "back.h5ad")
        assert list(small.iterdir()) == []
    TABLE.tell("disk too small", "download", "refused before it begins, with how much is missing; nothing is left")


def test_a_disk_that_fills_up_is_named(s3_behind: Proxy, file: Path, uri: str, tmp_path: Path) -> None:
    storage.put(file, uri)
    with small_disk(tmp_path / "small", 1024) as small:

        def fill(handler: proxy.Handler, body: bytes) -> None:
            (small / "other").write_bytes(b"x" * 700_000)
            handler.send(handler.forward(body))

        s3_behind.faults.append(Fault(fill, path=BODY))
        with pytest.raises(StorageError, match="space"):
            storage.get(uri, small / "back.h5ad")
        assert [path.name for path in small.iterdir()] == ["other"]
    TABLE.tell("disk fills up (ENOSPC)", "download", "refused; no file appears and nothing is left")


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
    TABLE.tell(name, "download from GCS", WHOLE)


@pytest.mark.parametrize("name", ["503 SlowDown", "body cut off, right status and length", "stall in mid-body"])
def test_web_servers_too(name: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPATIALCORE_STORAGE_READ_TIMEOUT", "0.7")
    with web_server(tmp_path) as inner, proxy_to(inner) as running:  # this server knows no ranges and sends all again
        fault = Fault(PASSING[name], path=BODY, times=2)
        running.faults.append(fault)
        storage.get(f"{running.url}/{file.name}", tmp_path / "back" / "back.h5ad")
        assert fault.seen == 2
    assert sha256_of_file(tmp_path / "back" / "back.h5ad") == sha256_of_file(file)
    TABLE.tell(name, "download from a web server", "tried again; the file is whole")


def test_the_table_in_the_docs_is_what_was_seen() -> None:
    TABLE.compare(complete=len(TABLE.rows) == 23)
