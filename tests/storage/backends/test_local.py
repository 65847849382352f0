"""Files of this machine: moved where that is enough, copied where it is not."""

import errno
import os
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import InputError, StorageError
from spatialcore.storage.backends import local

SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "work" / "cells.h5ad"
    path.parent.mkdir()
    path.write_bytes(b"cells" * 1000)
    return path


def test_a_file_given_away_is_renamed(file: Path, tmp_path: Path) -> None:
    inode = file.stat().st_ino
    stored = storage.put(file, tmp_path / "store" / "cells.h5ad", move=True)
    assert Path(stored.uri).stat().st_ino == inode
    assert not file.exists()


def test_a_file_that_is_not_given_away_stays(file: Path, tmp_path: Path) -> None:
    stored = storage.put(file, tmp_path / "store" / "cells.h5ad")
    assert file.read_bytes() == Path(stored.uri).read_bytes()


def test_one_given_away_is_always_newer_than_what_it_replaces(file: Path, tmp_path: Path) -> None:
    first = storage.put(file, tmp_path / "store" / "cells.h5ad")
    os.utime(file, ns=(1, 1))
    assert storage.put(file, first.uri, move=True).token != first.token


@pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="needs a second file system at /dev/shm")
def test_one_of_another_file_system_is_copied(file: Path, tmp_path: Path) -> None:
    target = SHARED_MEMORY / tmp_path.name / "cells.h5ad"
    try:
        assert storage.put(file, target, move=True).size == 5000
        assert file.read_bytes() == target.read_bytes()
    finally:
        storage.delete(target)


def test_two_mounts_of_one_device_are_told_by_the_failing_rename(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = local.replace_file

    def across(part: Path, target: Path) -> None:
        if part == file:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(part, target)

    monkeypatch.setattr(local, "replace_file", across)
    stored = storage.put(file, tmp_path / "store" / "cells.h5ad", move=True)
    assert Path(stored.uri).read_bytes() == b"cells" * 1000


def test_a_link_is_copied_and_what_it_leads_to_stays(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.h5ad"
    link.symlink_to(file)
    stored = storage.put(link, tmp_path / "store" / "cells.h5ad", move=True)
    assert not Path(stored.uri).is_symlink()
    assert file.exists()


def test_a_file_that_changes_while_it_is_read_is_not_moved(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = local.sha256_of_file

    def written_to(path: Path) -> str:
        seen = digest(path)
        path.write_bytes(b"other")
        return seen

    monkeypatch.setattr(local, "sha256_of_file", written_to)
    with pytest.raises(StorageError, match="changed while it was uploaded"):
        storage.put(file, tmp_path / "store" / "cells.h5ad", move=True)
    assert file.exists()
    assert storage.list(tmp_path / "store") == []


def test_a_copy_stays_within_its_kind_of_store(file: Path, tmp_path: Path) -> None:
    stored = storage.put(file, tmp_path / "store" / "cells.h5ad")
    with pytest.raises(InputError, match="cannot be copied to memory://"):
        storage.copy(stored, "memory://bucket/cells.h5ad")
