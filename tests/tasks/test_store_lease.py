"""A lease between machines that share a store: one computes, the others wait, and a dead holder is replaced."""

import threading
import time
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import FileMissingError, StorageError
from tasks import store_lease
from tasks.store_lease import leased


@pytest.fixture
def uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a folder for this test, with leases that expire after half a second."""
    for name, seconds in {"BEAT": 0.05, "SILENCE": 0.5, "LOOK": 0.02}.items():
        monkeypatch.setattr(store_lease, name, seconds)
    return f"memory://bucket/{tmp_path.name}"


class Work:
    """A computation of some duration; `machines` are those that started it."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.machines, self.result = seconds, list[str](), ""

    def do(self, uri: str, machine: str) -> str:
        with leased(f"{uri}/lease.json", machine, lambda: self.result or None) as result:
            if result:
                return result
            self.machines.append(machine)
            time.sleep(self.seconds)
            self.result = f"computed by {machine}"
            return self.result


def test_the_second_machine_waits_until_the_first_has_finished(uri: str) -> None:
    work, results = Work(seconds=1.2), list[str]()  # more than twice the expiry time of a lease
    threads = [threading.Thread(target=lambda name=name: results.append(work.do(uri, name))) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(work.machines) == 1
    assert results == [work.result] * 2
    assert not storage.exists(f"{uri}/lease.json"), "the lease is released"


def test_a_dead_holder_is_replaced_after_the_expiry_time(uri: str) -> None:
    storage.put_new(b'{"machine": "dead", "beat": "last"}', f"{uri}/lease.json")
    start = time.monotonic()
    assert Work(0).do(uri, "alive") == "computed by alive"
    assert 0.5 <= time.monotonic() - start < 2


def test_a_machine_resumes_its_lease_at_once(uri: str) -> None:
    storage.put_new(b'{"machine": "same", "beat": "last"}', f"{uri}/lease.json")
    start = time.monotonic()
    assert Work(0).do(uri, "same") == "computed by same"
    assert time.monotonic() - start < 0.4


def test_one_of_many_machines_replaces_a_dead_holder(uri: str) -> None:
    storage.put_new(b'{"machine": "dead", "beat": "last"}', f"{uri}/lease.json")
    work = Work(seconds=0.3)
    threads = [threading.Thread(target=work.do, args=(uri, f"machine {n}")) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(work.machines) == 1


def test_failed_work_releases_the_lease(uri: str) -> None:
    with pytest.raises(RuntimeError), leased(f"{uri}/lease.json", "a", lambda: None):
        raise RuntimeError("in the middle")
    assert storage.list_files(uri) == []


def test_an_error_of_the_work_is_not_hidden_by_one_of_the_lease(
    uri: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def raise_unavailable(_: object) -> None:
        raise StorageError("the store is away")

    def work() -> None:
        with leased(f"{uri}/lease.json", "a", lambda: None):
            monkeypatch.setattr(storage, "token", raise_unavailable)
            raise FileMissingError("the model is lost")

    with pytest.raises(FileMissingError, match="the model is lost"):
        work()
    assert "could not delete the lease" in caplog.text
    assert "the store is away" in caplog.text
