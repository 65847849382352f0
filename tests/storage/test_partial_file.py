"""Unfinished downloads on disk."""

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from spatialcore.storage.partial_file import open_partial_file
from spatialcore.storage.types import Stat

URI = "s3://lab/a.bin"


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPATIALCORE_STORAGE_BLOCK", "10")
    return tmp_path / "a.bin"


def interrupted(target: Path, stat: Stat, done: int) -> None:
    """Write and record bytes, then fail."""
    with suppress(KeyboardInterrupt), open_partial_file(target, URI, stat) as part:
        part.write(0, b"x" * done)
        part.record(done)
        raise KeyboardInterrupt


def test_finished_file_has_no_footer(target: Path) -> None:
    with open_partial_file(target, URI, Stat("1", 25)) as part:
        part.write(10, b"b" * 15)
        part.write(0, b"a" * 10)
        part.record(25)
        part.finish(25, target)
    assert target.read_bytes() == b"a" * 10 + b"b" * 15
    assert list(target.parent.iterdir()) == [target]


def test_recorded_bytes_remain_after_an_interruption(target: Path) -> None:
    interrupted(target, Stat("1", 100), 40)
    with open_partial_file(target, URI, Stat("1", 100)) as part:
        assert part.done == 40
        assert b"".join(part.read(0, 40)) == b"x" * 40
        part.clear()
        assert part.done == 0
        part.finish(0, target)


@pytest.mark.parametrize("other", [Stat("2", 100), Stat("1", 101)])
def test_another_version_starts_again(target: Path, other: Stat) -> None:
    interrupted(target, Stat("1", 100), 40)
    with open_partial_file(target, URI, other) as part:
        assert part.done == 0
        part.finish(0, target)


@pytest.mark.parametrize("damage", [b"", b"x" * 116, b"\x00sc-part"])
def test_file_without_a_footer_starts_again(target: Path, damage: bytes) -> None:
    interrupted(target, Stat("1", 100), 40)
    (path,) = target.parent.glob(".a.bin.*.part")
    path.write_bytes(damage)
    with open_partial_file(target, URI, Stat("1", 100)) as part:
        assert part.done == 0
        part.finish(0, target)


def test_less_than_a_block_is_recorded_at_the_end_only(target: Path) -> None:
    with open_partial_file(target, URI, Stat("1", 100)) as part:
        part.write(0, b"x" * 9)
        part.record(9)
        assert part.done == 0
        part.record(9, always=True)
        assert part.done == 9
        part.finish(9, target)


def test_a_file_without_recorded_bytes_is_removed(target: Path) -> None:
    with suppress(OSError), open_partial_file(target, URI, Stat("1", 100)) as part:
        part.write(0, b"x")
        raise OSError
    assert list(target.parent.iterdir()) == []


def test_a_download_of_unknown_size_is_never_resumed(target: Path) -> None:
    with suppress(OSError), open_partial_file(target, URI, Stat("1", None)) as part:
        part.write(0, b"x" * 50)
        part.record(50, always=True)
        raise OSError
    assert list(target.parent.iterdir()) == []


def test_second_process_waits_for_the_first(target: Path) -> None:
    opened, order = threading.Event(), []

    def second_process() -> None:
        opened.set()
        with open_partial_file(target, URI, Stat("1", 5)) as part:
            order.append("second")
            part.finish(0, target.with_name("b.bin"))

    with open_partial_file(target, URI, Stat("1", 5)) as part:
        thread = threading.Thread(target=second_process)
        thread.start()
        opened.wait()
        thread.join(0.2)
        order.append("first")
        part.write(0, b"cells")
        part.finish(5, target)
    thread.join()
    assert order == ["first", "second"]
    assert target.read_bytes() == b"cells"
