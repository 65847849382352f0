"""What an upload does when networks, clouds and disks fail; docs/reliability.md has the table of what was seen."""

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
from tests.contract.fault_table import FaultTable
from tests.contract.faulty_proxy import Act, Fault, Proxy, proxy_to
from tests.contract.servers import BUCKET
from tests.contract.trouble import SIZE, WHAT_LASTS, run_and_kill, small_disk

TABLE = FaultTable("uploads")
WHOLE = "tried again; the object is whole and checked"
STEPS = {"begin": ("POST", r"\?uploads"), "part": ("PUT", r"partNumber="), "finish": ("POST", r"\?uploadId=")}
PASSING: dict[str, Act] = {
    "500 InternalError": proxy.status(500, "InternalError"),
    "503 SlowDown": proxy.status(503, "SlowDown", "Please reduce your request rate"),
    "connection reset before the request arrived": proxy.drop,
    "answer lost after the request was carried out": proxy.lose_answer,
}


def stored_as(file: Path, uri: str) -> None:
    """Hold what is stored against the file: its bytes, its manifest, and nothing else beside them."""
    folder = uri.rpartition("/")[0]
    assert storage.list(folder) == [uri]
    manifest = storage.read_manifest(uri)
    assert manifest is not None
    assert manifest.file.sha256 == sha256_of_file(file)
    assert storage.read_bytes(uri) == file.read_bytes()


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("step", STEPS)
def test_an_upload_survives_what_passes(name: str, step: str, s3_behind: Proxy, file: Path, uri: str) -> None:
    method, path = STEPS[step]
    fault = Fault(PASSING[name], method, path, times=2)
    s3_behind.faults.append(fault)
    storage.put(file, uri)
    assert fault.seen == 2
    stored_as(file, uri)
    TABLE.tell(name, "upload", WHOLE)


@pytest.mark.parametrize("name", ["503 SlowDown", "answer lost after the request was carried out"])
def test_a_manifest_survives_what_passes(name: str, s3_behind: Proxy, file: Path, uri: str) -> None:
    fault = Fault(PASSING[name], "PUT", r"manifest\.json$", times=2)
    s3_behind.faults.append(fault)
    storage.put(file, uri)
    assert fault.seen == 2
    stored_as(file, uri)


def test_one_part_of_many_is_sent_again(s3_behind: Proxy, uri: str, tmp_path: Path) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(12 << 20))
    s3_behind.faults.append(Fault(proxy.drop, "PUT", r"partNumber=2"))
    storage.put(file, uri)
    sent = sorted(path.partition("partNumber=")[2][0] for _, path, _ in s3_behind.requests if "partNumber" in path)
    assert sent == ["1", "2", "2", "3"]
    stored_as(file, uri)


@pytest.mark.parametrize("name", WHAT_LASTS)
@pytest.mark.parametrize("step", STEPS)
def test_an_upload_ends_at_once_with_what_lasts(name: str, step: str, s3_behind: Proxy, file: Path, uri: str) -> None:
    act, words = WHAT_LASTS[name]
    fault = Fault(act, *STEPS[step], times=99)
    s3_behind.faults.append(fault)
    with pytest.raises(StorageError, match=words):
        storage.put(file, uri)
    assert fault.seen == 1
    assert nothing_of(uri)
    TABLE.tell(name, "upload", "refused at once, with what to do; no object appears, no parts are left")


def nothing_of(uri: str) -> bool:
    """Tell whether neither an object is there nor an upload that waits for parts."""
    system, place = storage.connect(uri)
    bucket, _, key = place.path.partition("/")
    waiting = system.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=key).get("Uploads", [])
    return not storage.exists(uri) and not waiting


def test_an_upload_gives_up_when_nothing_passes(s3_behind: Proxy, file: Path, uri: str) -> None:
    s3_behind.faults.append(Fault(PASSING["503 SlowDown"], "PUT", "partNumber=", times=99))
    with pytest.raises(TransientStorageError):
        storage.put(file, uri)
    assert nothing_of(uri)
    TABLE.tell("503 SlowDown without end", "upload", "given up after 7 tries; no object appears, no parts are left")


@pytest.mark.parametrize("path", ["partNumber=", r"manifest\.json$"])
@pytest.mark.parametrize(
    ("alter", "store"),
    [(proxy.corrupt_upward, "does not look"), (proxy.corrupt_noticed, "compares their MD5")],
    ids=["unnoticed", "noticed"],
)
def test_bytes_altered_on_the_way_up(
    alter: Callable[..., Any], store: str, path: str, s3_behind: Proxy, file: Path, uri: str
) -> None:
    fault = Fault(alter, "PUT", path, times=2)
    s3_behind.faults.append(fault)
    storage.put(file, uri)
    assert fault.seen == 2
    stored_as(file, uri)
    TABLE.tell(f"bytes altered on the way up, to a store that {store}", "upload", WHOLE)


def test_bytes_altered_on_the_way_up_every_time(s3_behind: Proxy, file: Path, uri: str) -> None:
    s3_behind.faults.append(Fault(proxy.corrupt_upward, "PUT", "partNumber=", times=99))
    with pytest.raises(TransientStorageError, match="part 1 has checksum"):
        storage.put(file, uri)
    assert nothing_of(uri)
    TABLE.tell("bytes altered on the way up every time", "upload", "given up after 7 tries; no object appears")


@pytest.mark.parametrize("name", PASSING)
def test_a_copy_inside_the_store_survives_what_passes(name: str, s3_behind: Proxy, file: Path, uri: str) -> None:
    first = storage.put(file, uri)
    fault = Fault(PASSING[name], "PUT", r"/copy/reference\.\w+$", times=2)
    s3_behind.faults.append(fault)
    copied = storage.copy(first, f"{uri.rpartition('/')[0]}/copy/{uri.rpartition('/')[2]}")
    assert fault.seen == 2
    stored_as(file, copied.uri)
    TABLE.tell(name, "copy inside the store", WHOLE)


@pytest.mark.parametrize("times", [1, 2])
def test_a_lost_answer_is_no_conflict(times: int, s3_behind: Proxy, uri: str) -> None:
    s3_behind.faults.append(Fault(proxy.lose_answer, "PUT", "reference", times=times))
    first = storage.put_new(b"version 1", uri)
    s3_behind.faults.append(Fault(proxy.lose_answer, "PUT", "reference", times=times))
    second = storage.put_if(b"version 2", uri, expected=first.token)
    assert storage.read_versioned(uri) == (b"version 2", second.token)
    TABLE.tell(
        "answer lost after the request was carried out",
        "conditional write of a pointer",
        "tried again; what stands there is known for our own, and is no conflict",
    )


def test_the_same_content_by_another_writer_is_a_conflict(s3_behind: Proxy, uri: str) -> None:
    def beaten(handler: proxy.Handler, body: bytes) -> None:
        storage.put_bytes(b"taken", uri)
        handler.hang_up()

    s3_behind.faults.append(Fault(beaten, "PUT", "reference"))
    with pytest.raises(ConflictError):
        storage.put_new(b"taken", uri)
    TABLE.tell(
        "another writer comes first, with the same bytes", "conditional write of a pointer", "a conflict is told"
    )


@pytest.mark.parametrize("step", ["part", "finish"])
def test_a_killed_upload_leaves_no_object(step: str, s3_behind: Proxy, file: Path, uri: str) -> None:
    struck = Fault(proxy.wait(5), *STEPS[step], times=9)
    s3_behind.faults.append(struck)
    run_and_kill(f"from spatialcore import storage; storage.put({str(file)!r}, {uri!r})", lambda: struck.seen > 0)
    s3_behind.faults.clear()
    assert not storage.exists(uri)
    storage.put(file, uri)
    stored_as(file, uri)
    TABLE.tell("kill -9", "upload", "no object appears; the next try stores it")


def test_a_file_that_changes_meanwhile_is_not_stored(s3_behind: Proxy, file: Path, uri: str) -> None:
    def change(handler: proxy.Handler, body: bytes) -> None:
        answer = handler.forward(body)
        file.write_bytes(b"x" * SIZE)  # before the upload can go on
        handler.send(answer)

    s3_behind.faults.append(Fault(change, *STEPS["part"]))
    with pytest.raises(StorageError, match="changed while it was uploaded"):
        storage.put(file, uri)
    assert nothing_of(uri)
    TABLE.tell("the file is written to meanwhile", "upload", "refused; no object appears")


def test_a_full_disk_is_named(file: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 512) as small:
        with pytest.raises(StorageError, match="space"):
            storage.put(file, small / "copy.h5ad")
        assert list(small.iterdir()) == []
    TABLE.tell("disk full (ENOSPC)", "put into a folder", "refused; no file appears and nothing is left")


def test_a_limit_on_the_size_of_files_is_named(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "store" / "copy.h5ad"
    code = f"from spatialcore import storage; storage.put({str(file)!r}, {str(target)!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE // 2, SIZE // 2)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "StorageError: no space left" in done.stderr
    assert list(target.parent.iterdir()) == []
    TABLE.tell("file larger than the system allows (EFBIG)", "put into a folder", "refused; nothing is left")


@pytest.mark.parametrize("name", ["503 SlowDown", "answer lost after the request was carried out"])
def test_google_too(name: str, gs: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"gs://{BUCKET}/{uuid.uuid4().hex}/reference.h5ad"
    with proxy_to(gs) as running:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.url)
        running.faults += [Fault(PASSING[name], "POST", "upload"), Fault(PASSING[name], "POST", "rewrite")]
        storage.put(file, uri)
        assert [fault.seen for fault in running.faults] == [1, 1]
        pointer = uri.replace("reference.h5ad", "current.json")
        running.faults += [Fault(PASSING[name], "POST", "upload")]
        first = storage.put_new(b"version 1", pointer)
        running.faults += [Fault(PASSING[name], "POST", "upload")]
        assert storage.put_if(b"version 2", pointer, expected=first.token).token == storage.token(pointer)
        storage.delete(pointer)
        stored_as(file, uri)
    TABLE.tell(name, "upload to GCS", WHOLE)


def test_google_bytes_altered_on_the_way_up(gs: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"gs://{BUCKET}/{uuid.uuid4().hex}/reference.h5ad"
    with proxy_to(gs) as running:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running.url)
        fault = Fault(proxy.corrupt_upward, "POST", "upload", times=2)
        running.faults.append(fault)
        storage.put(file, uri)
        assert fault.seen == 2
        stored_as(file, uri)
    TABLE.tell("bytes altered on the way up, to a store that does not look", "upload to GCS", WHOLE)


def test_the_table_in_the_docs_is_what_was_seen() -> None:
    TABLE.compare(complete=len(TABLE.rows) == 20)
