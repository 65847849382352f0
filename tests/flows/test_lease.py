"""A lease between machines that share a bucket: one works, the others wait, and a dead holder is replaced."""

import threading
import time
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import FileMissingError, StorageError
from tasks import store_lease
from tasks.locks import exclusive_lock
from tasks.store_lease import leased


@pytest.fixture
def uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place of one's own, and a lease whose life is short."""
    for name, seconds in {"BEAT": 0.05, "SILENCE": 0.5, "LOOK": 0.02}.items():
        monkeypatch.setattr(store_lease, name, seconds)
    return f"memory://bucket/{tmp_path.name}"


class Work:
    """What two machines want done: how often it was begun, and what came of it."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.begun, self.result = seconds, list[str](), ""

    def do(self, uri: str, machine: str) -> str:
        with leased(f"{uri}/lease.json", machine, lambda: self.result or None) as found:
            if found:
                return found
            self.begun.append(machine)
            time.sleep(self.seconds)
            self.result = f"made by {machine}"
            return self.result


def test_the_second_machine_waits_for_the_first_however_long_it_works(uri: str) -> None:
    work, told = Work(seconds=1.2), list[str]()  # more than twice the silence after which a holder is dead
    threads = [threading.Thread(target=lambda name=name: told.append(work.do(uri, name))) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(work.begun) == 1
    assert told == [work.result] * 2
    assert not storage.exists(f"{uri}/lease.json"), "given back"


def test_a_dead_holder_is_replaced_after_its_silence(uri: str) -> None:
    storage.put_new(b'{"machine": "dead", "beat": "last"}', f"{uri}/lease.json")
    began = time.monotonic()
    assert Work(0).do(uri, "alive") == "made by alive"
    assert 0.5 <= time.monotonic() - began < 2


def test_a_machine_takes_up_what_it_died_with_at_once(uri: str) -> None:
    storage.put_new(b'{"machine": "same", "beat": "last"}', f"{uri}/lease.json")
    began = time.monotonic()
    assert Work(0).do(uri, "same") == "made by same"
    assert time.monotonic() - began < 0.4


def test_of_many_who_find_a_dead_holder_one_works(uri: str) -> None:
    storage.put_new(b'{"machine": "dead", "beat": "last"}', f"{uri}/lease.json")
    work = Work(seconds=0.3)
    threads = [threading.Thread(target=work.do, args=(uri, f"machine {n}")) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(work.begun) == 1


def test_work_that_fails_gives_the_lease_back(uri: str) -> None:
    with pytest.raises(RuntimeError), leased(f"{uri}/lease.json", "a", lambda: None):
        raise RuntimeError("in the middle")
    assert storage.list_files(uri) == []


def test_in_a_folder_the_lock_lies_beside_what_it_guards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines that mount one folder have homes of their own."""
    store, order = tmp_path / "store", list[str]()
    entered = threading.Event()

    def first() -> None:
        with exclusive_lock(str(store / "key"), lambda: None):
            entered.set()
            time.sleep(0.3)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait()
    monkeypatch.setenv("HOME", str(tmp_path / "another home"))
    with exclusive_lock(str(store / "key"), lambda: None):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert storage.list_files(store) == []


def test_the_first_error_is_told_not_that_of_the_lease(
    uri: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(_: object) -> None:
        raise StorageError("the store is away")

    def work() -> None:
        with leased(f"{uri}/lease.json", "a", lambda: None):
            monkeypatch.setattr(storage, "token", gone)
            raise FileMissingError("the model is lost")

    with pytest.raises(FileMissingError, match="the model is lost"):
        work()
    assert "could not delete the lease" in caplog.text
    assert "the store is away" in caplog.text
