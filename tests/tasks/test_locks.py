"""Locks between processes of a machine, and between machines that share a folder or a store."""

import multiprocessing
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from spatialcore import storage
from tasks import locks, store_lease
from tasks.locks import exclusive_lock, machine_lock


def hold_lock(uri: str, home: str, entered: Any, seconds: float) -> None:
    import os

    os.environ["HOME"] = home
    with machine_lock(uri):
        entered.set()
        time.sleep(seconds)


@pytest.mark.parametrize("store", ["folder", "memory"])
def test_a_lock_ends_with_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    """A killed worker does not block others."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    uri = str(tmp_path / "cache" / "key") if store == "folder" else f"memory://bucket/{tmp_path.name}/key"
    context = multiprocessing.get_context("spawn")
    entered = context.Event()
    process = context.Process(target=hold_lock, args=(uri, str(tmp_path / "home"), entered, 600))
    process.start()
    assert entered.wait(60)
    acquired = threading.Event()
    thread = threading.Thread(target=lambda: machine_lock(uri).__enter__() or acquired.set(), daemon=True)
    thread.start()
    assert not acquired.wait(0.3), "the lock was acquired twice"
    process.kill()
    assert acquired.wait(20)
    process.join()


def test_machines_that_mount_a_folder_share_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machines have different home folders."""
    store, order = tmp_path / "store", list[str]()
    entered = threading.Event()

    def first_holder() -> None:
        with exclusive_lock(str(store / "key"), lambda: None):
            entered.set()
            time.sleep(0.3)
            order.append("first")

    thread = threading.Thread(target=first_holder)
    thread.start()
    entered.wait()
    monkeypatch.setenv("HOME", str(tmp_path / "another home"))
    with exclusive_lock(str(store / "key"), lambda: None):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert storage.list_files(store) == []


def test_a_result_that_exists_is_returned_without_a_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    uri = f"memory://bucket/{tmp_path.name}/key"
    with exclusive_lock(uri, lambda: "result") as result:
        assert result == "result"
        assert storage.list_files(f"memory://bucket/{tmp_path.name}") == []
    with exclusive_lock(uri, lambda: None) as result:
        assert result is None
        assert storage.exists(f"{uri}/lease.json"), "machines without a shared disk use the lease"


def test_processes_with_one_home_are_one_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_lease, "LOOK", 0.02)
    names = []
    for home in ("a", "a", "b"):
        monkeypatch.setenv("HOME", str(tmp_path / home))
        names.append(locks._this_machine())
    assert names[0] == names[1] != names[2]
