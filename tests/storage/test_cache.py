"""The cache keeps one copy of each version, and downloads it again if it is damaged."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from spatialcore.storage import cache


class Remote:
    """A remote file that counts its downloads."""

    def __init__(self, content: bytes = b"x" * 1000) -> None:
        self.content = content
        self.count = 0

    def __call__(self, target: Path) -> dict[str, Any]:
        self.count += 1
        target.write_bytes(self.content)
        return {"source": "test"}


def fetched(remote: Remote, folder: Path, uri: str = "s3://a/ref.h5ad", token: str = "1", **options: Any) -> Path:
    return cache.cached(uri, token, remote, name="ref.h5ad", cache_dir=folder, **options).path


def test_version_is_downloaded_once(tmp_path: Path) -> None:
    remote = Remote()
    assert {fetched(remote, tmp_path) for _ in range(3)} == {fetched(remote, tmp_path)}
    assert remote.count == 1
    fetched(remote, tmp_path, token="2")
    assert remote.count == 2


def test_files_of_one_name_are_separate(tmp_path: Path) -> None:
    paths = {fetched(Remote(uri.encode()), tmp_path, uri) for uri in ("gs://a/ref.h5ad", "s3://b/ref.h5ad")}
    assert len(paths) == 2
    assert {path.read_bytes() for path in paths} == {b"gs://a/ref.h5ad", b"s3://b/ref.h5ad"}
    assert {path.name for path in paths} == {"ref.h5ad"}


@pytest.mark.parametrize("damage", ["cut", "altered", "removed", "same size and time"])
def test_damaged_copy_is_downloaded_again(tmp_path: Path, damage: str) -> None:
    remote = Remote()
    path = fetched(remote, tmp_path)
    before = path.stat()
    path.chmod(0o644)
    if damage == "cut":
        path.write_bytes(b"x" * 7)
    elif damage == "removed":
        path.unlink()
    else:
        path.write_bytes(b"y" * 1000)
    if damage == "same size and time":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert fetched(remote, tmp_path).read_bytes() == remote.content
    assert remote.count == 2


def test_copy_with_another_time_is_compared(tmp_path: Path) -> None:
    remote = Remote()
    os.utime(fetched(remote, tmp_path), (0, 4_000_000_000))  # a wrong clock
    fetched(remote, tmp_path)
    assert remote.count == 1


def test_force(tmp_path: Path) -> None:
    remote = Remote()
    fetched(remote, tmp_path)
    remote.content = b"new"
    assert fetched(remote, tmp_path, force=True).read_bytes() == b"new"


def test_failed_download_leaves_no_entry(tmp_path: Path) -> None:
    def broken(target: Path) -> dict[str, Any]:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        cache.cached("s3://a/b", "1", broken, name="b", cache_dir=tmp_path)
    assert cache.list_entries(tmp_path) == []


def test_many_threads_download_once(tmp_path: Path) -> None:
    remote = Remote()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: fetched(remote, tmp_path), range(16)))
    assert remote.count == 1


def test_prune_removes_the_least_recently_used(tmp_path: Path) -> None:
    for name in "abc":
        fetched(Remote(), tmp_path, f"s3://x/{name}")
    fetched(Remote(), tmp_path, "s3://x/a")
    assert [entry.uri for entry in cache.list_entries(tmp_path)] == ["s3://x/a", "s3://x/c", "s3://x/b"]
    assert [entry.uri for entry in cache.prune(2000, tmp_path)] == ["s3://x/b"]
    assert {entry.uri for entry in cache.list_entries(tmp_path)} == {"s3://x/a", "s3://x/c"}
    cache.prune(0, tmp_path)
    assert cache.list_entries(tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == {"locks"}


def test_cache_can_be_moved(tmp_path: Path) -> None:
    remote = Remote()
    fetched(remote, tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / "new")
    assert fetched(remote, tmp_path / "new").is_relative_to(tmp_path / "new")
    assert remote.count == 1
