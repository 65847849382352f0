"""Local files: renamed if possible, otherwise copied."""

import errno
import os
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import FileMissingError, InputError, StorageError
from spatialcore.storage.backends import local
from tests.storage.backends.contract import StoreContract

SHARED_MEMORY = Path("/dev/shm")


class TestLocal(StoreContract):
    @pytest.fixture
    def root(self, tmp_path: Path) -> str:
        return str(tmp_path / "store")

    def test_manifests_are_hidden(self, root: str, file: Path) -> None:
        storage.put(file, f"{root}/results/calls.h5ad")
        results = Path(root) / "results"
        assert [path.name for path in results.iterdir() if not path.name.startswith(".")] == ["calls.h5ad"]
        assert (results / ".spatialcore" / "calls.h5ad.manifest.json").is_file()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "work" / "cells.h5ad"
    path.parent.mkdir()
    path.write_bytes(b"cells" * 1000)
    return path


def test_put_with_move_renames(file: Path, tmp_path: Path) -> None:
    inode = file.stat().st_ino
    stored = storage.put(file, tmp_path / "store" / "cells.h5ad", move=True)
    assert Path(stored.uri).stat().st_ino == inode
    assert not file.exists()


def test_put_copies(file: Path, tmp_path: Path) -> None:
    stored = storage.put(file, tmp_path / "store" / "cells.h5ad")
    assert file.read_bytes() == Path(stored.uri).read_bytes()


def test_put_with_move_changes_the_token(file: Path, tmp_path: Path) -> None:
    first = storage.put(file, tmp_path / "store" / "cells.h5ad")
    os.utime(file, ns=(1, 1))
    assert storage.put(file, first.uri, move=True).token != first.token


@pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="needs a second file system at /dev/shm")
def test_put_with_move_copies_between_file_systems(file: Path, tmp_path: Path) -> None:
    target = SHARED_MEMORY / tmp_path.name / "cells.h5ad"
    try:
        assert storage.put(file, target, move=True).size == 5000
        assert file.read_bytes() == target.read_bytes()
    finally:
        storage.delete(target)


def test_put_with_move_copies_between_mounts_of_one_device(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = local.replace_file

    def failing_rename(part: Path, target: Path) -> None:
        if part == file:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(part, target)

    monkeypatch.setattr(local, "replace_file", failing_rename)
    stored = storage.put(file, tmp_path / "store" / "cells.h5ad", move=True)
    assert Path(stored.uri).read_bytes() == b"cells" * 1000


def test_put_with_move_copies_the_target_of_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.h5ad"
    link.symlink_to(file)
    stored = storage.put(link, tmp_path / "store" / "cells.h5ad", move=True)
    assert not Path(stored.uri).is_symlink()
    assert file.exists()


def test_put_with_move_of_a_changing_file_fails(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = local.sha256_of_file

    def digest_and_change(path: Path) -> str:
        sha256 = digest(path)
        path.write_bytes(b"other")
        return sha256

    monkeypatch.setattr(local, "sha256_of_file", digest_and_change)
    with pytest.raises(StorageError, match="changed while it was uploaded"):
        storage.put(file, tmp_path / "store" / "cells.h5ad", move=True)
    assert file.exists()
    assert storage.list_files(tmp_path / "store") == []


def test_copy_to_another_kind_of_store_fails(file: Path, tmp_path: Path) -> None:
    stored = storage.put(file, tmp_path / "store" / "cells.h5ad")
    with pytest.raises(InputError, match="cannot be copied to memory://"):
        storage.copy(stored, "memory://bucket/cells.h5ad")


def test_names() -> None:
    backend = local.LocalBackend("file")
    assert backend.parse("file:///data/a.h5ad") == "/data/a.h5ad"
    assert backend.parse("a.h5ad") == str(Path("a.h5ad").absolute())
    assert backend.parse("~/a.h5ad") == str(Path("~/a.h5ad").expanduser())
    assert backend.manifest_path("/data/a.h5ad") == "/data/.spatialcore/a.h5ad.manifest.json"
    assert backend.bucket("/data/a.h5ad") == ""
    assert backend.local_path("/data/a.h5ad") == Path("/data/a.h5ad")


def test_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match="no file at"):
        storage.read_bytes(tmp_path)


def test_replace_keeps_the_mode(tmp_path: Path) -> None:
    storage.put_text("1", tmp_path / "a")
    (tmp_path / "a").chmod(0o640)
    storage.put_text("2", tmp_path / "a")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
