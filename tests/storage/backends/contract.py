"""Tests for every backend; a subclass provides the URI of its store."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import ConflictError, FileMissingError, InputError, StorageError
from spatialcore.storage.backends.base import Backend
from spatialcore.storage.types import Sink, Stat


class StoreContract:
    """Tests that every store must pass.

    A subclass overrides the fixture `root`: the URI of an empty folder in its store.
    """

    @pytest.fixture
    def root(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "reference.h5ad"
        path.write_bytes(os.urandom(300_000))
        return path

    def test_put_and_get(self, root: str, file: Path, tmp_path: Path) -> None:
        stored = storage.put(file, f"{root}/a/reference.h5ad", metadata={"source": "synapse://syn1"})
        assert (stored.size, stored.sha256) == (file.stat().st_size, sha256_of_file(file))
        restored = tmp_path / "back" / "reference.h5ad"
        assert storage.get(stored.uri, restored) == stored
        assert restored.read_bytes() == file.read_bytes()
        manifest = storage.read_manifest(stored.uri)
        assert manifest is not None
        assert manifest.file == stored
        assert manifest.metadata == {"source": "synapse://syn1"}

    def test_put_and_get_many_blocks(self, root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # The smallest part that S3 accepts is 5 MB.
        monkeypatch.setenv("SPATIALCORE_STORAGE_BLOCK", str(5 << 20))
        file = tmp_path / "large.bin"
        file.write_bytes(os.urandom(17_000_001))
        stored = storage.put(file, f"{root}/large.bin")
        monkeypatch.setenv("SPATIALCORE_STORAGE_BLOCK", "1000003")
        assert storage.get(stored.uri, tmp_path / "back.bin").sha256 == sha256_of_file(file)
        assert sha256_of_file(tmp_path / "back.bin") == sha256_of_file(file)

    @pytest.mark.parametrize("name", ["runs/lung-1/reference.h5ad", "colon (left), 50% +IEL/réf #1.h5ad"])
    def test_copy(self, root: str, file: Path, tmp_path: Path, name: str) -> None:
        first = storage.put(file, f"{root}/cache/reference.h5ad", metadata={"source": "synapse://syn1"})
        copied = storage.copy(first, f"{root}/{name}")
        assert (copied.size, copied.sha256) == (first.size, first.sha256)
        assert storage.get(copied.uri, tmp_path / "back") == copied
        assert (tmp_path / "back").read_bytes() == file.read_bytes()
        assert storage.token(first.uri) == first.token
        manifest = storage.read_manifest(copied.uri)
        assert manifest is not None
        assert manifest.file == copied
        assert storage.list_files(root) == sorted([first.uri, copied.uri])

    def test_copy_without_a_manifest(self, root: str, file: Path, tmp_path: Path) -> None:
        first = storage.put(file, f"{root}/cache/reference.h5ad")
        copied = storage.copy(first, f"{root}/runs/1/reference.h5ad", manifest=False)
        assert storage.list_versions(f"{root}/runs") == {copied.uri: copied.token}
        assert not storage.exists(storage.manifest_uri(copied.uri))
        assert storage.describe(copied.uri) == storage.get(copied.uri, tmp_path / "back") == copied
        assert storage.recognised(copied) == copied

    def test_list_versions(self, root: str, file: Path) -> None:
        stored = [storage.put(file, f"{root}/folder/{name}") for name in ("a.h5ad", "deep/b.h5ad")]
        assert storage.list_versions(f"{root}/folder") == {each.uri: each.token for each in stored}
        assert storage.list_versions(f"{root}/nothing") == {}

    def test_copy_of_a_replaced_file_is_a_conflict(self, root: str, file: Path) -> None:
        first = storage.put(file, f"{root}/reference.h5ad")
        storage.put_text("another", first.uri)
        with pytest.raises(ConflictError, match=r"reference\.h5ad was replaced"):
            storage.copy(first, f"{root}/copy.h5ad")
        storage.delete(first.uri)
        with pytest.raises(FileMissingError):
            storage.copy(first, f"{root}/copy.h5ad")
        assert not storage.exists(f"{root}/copy.h5ad")

    def test_put_with_move(self, root: str, file: Path, tmp_path: Path) -> None:
        content = file.read_bytes()
        stored = storage.put(file, f"{root}/given.h5ad", move=True)
        assert storage.get(stored.uri, tmp_path / "back") == stored
        assert (tmp_path / "back").read_bytes() == content
        assert storage.describe(stored.uri) == stored

    def test_empty_file(self, root: str, tmp_path: Path) -> None:
        (tmp_path / "empty").touch()
        stored = storage.put(tmp_path / "empty", f"{root}/empty")
        assert storage.get(stored.uri, tmp_path / "back").size == 0
        assert (tmp_path / "back").read_bytes() == b""

    def test_names_with_special_characters(self, root: str, file: Path, tmp_path: Path) -> None:
        stored = storage.put(file, f"{root}/colon (left), 50% +IEL/réf #1.h5ad")
        assert storage.get(stored.uri, tmp_path / "back").sha256 == stored.sha256
        assert storage.list_files(root) == [stored.uri]

    def test_token_changes_with_the_content(self, root: str, file: Path) -> None:
        uri = f"{root}/reference.h5ad"
        first = storage.put(file, uri)
        assert storage.token(uri) == first.token
        file.write_bytes(bytes(reversed(file.read_bytes())))
        assert storage.put(file, uri).token != first.token

    def test_manifest_of_another_version_is_ignored(self, root: str, file: Path, tmp_path: Path) -> None:
        uri = f"{root}/reference.h5ad"
        storage.put(file, uri)
        storage.put_bytes(b"written by another tool", uri)
        assert storage.read_manifest(uri) is None
        assert storage.get(uri, tmp_path / "back").size == 23
        assert storage.describe(uri).size == 23

    def test_missing_file(self, root: str, tmp_path: Path) -> None:
        uri = f"{root}/nothing.h5ad"
        assert not storage.exists(uri)
        with pytest.raises(FileMissingError, match=r"nothing\.h5ad"):
            storage.get(uri, tmp_path / "x")
        with pytest.raises(FileNotFoundError):
            storage.token(uri)
        with pytest.raises(FileMissingError):
            storage.read_text(uri)
        assert not (tmp_path / "x").exists()
        storage.delete(uri)

    def test_list_and_delete(self, root: str, file: Path) -> None:
        uris = sorted(storage.put(file, f"{root}/{name}").uri for name in ("a.h5ad", "b/c.h5ad"))
        assert storage.list_files(root) == uris
        storage.delete(uris[0])
        assert storage.list_files(root) == uris[1:]
        assert not storage.exists(storage.manifest_uri(uris[0]))

    def test_put_leaves_no_temporary_files(self, root: str, file: Path) -> None:
        storage.put(file, f"{root}/a.h5ad")
        system, location = storage.connect(f"{root}/a.h5ad")
        names = {path.rpartition("/")[2] for path in system.find(location.path.rpartition("/")[0])}
        assert names == {"a.h5ad", "a.h5ad.manifest.json"}

    def test_put_text(self, root: str) -> None:
        stored = storage.put_text("γδ T cell\n", f"{root}/note.txt")
        assert storage.read_text(stored.uri) == "γδ T cell\n"
        assert storage.read_versioned(stored.uri) == ("γδ T cell\n".encode(), stored.token)

    def test_put_new_has_one_winner(self, root: str) -> None:
        uri = f"{root}/lock.json"

        def write(index: int) -> bool:
            try:
                storage.put_new(f"writer {index}".encode(), uri)
            except ConflictError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            winners = [index for index, won in enumerate(pool.map(write, range(8))) if won]
        assert len(winners) == 1
        assert storage.read_text(uri) == f"writer {winners[0]}"

    def test_put_if_has_one_winner(self, root: str) -> None:
        uri = f"{root}/current.json"
        start = storage.put_new(b"version 0", uri)

        def replace(index: int) -> bool:
            try:
                storage.put_if(f"version {index}".encode(), uri, expected=start.token)
            except ConflictError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            winners = [
                index for index, replaced in zip(range(1, 9), pool.map(replace, range(1, 9)), strict=True) if replaced
            ]
        assert len(winners) == 1
        text, token = storage.read_versioned(uri)
        assert text.decode() == f"version {winners[0]}"
        assert storage.put_if(b"version 9", uri, expected=token).token == storage.token(uri)

    def test_put_if_of_a_missing_object_is_a_conflict(self, root: str) -> None:
        with pytest.raises((ConflictError, FileMissingError)):
            storage.put_if(b"x", f"{root}/gone.json", expected="123")
        with pytest.raises(InputError, match="put_new"):
            storage.put_if(b"x", f"{root}/gone.json", expected="")

    def test_read_of_a_replaced_version_fails(self, root: str, file: Path) -> None:
        location = storage.parse_uri(storage.put(file, f"{root}/replaced.bin").uri)
        backend, path = location.backend, location.path
        first = backend.stat(path)
        storage.put_text("another version", location.uri)
        if backend.pins_version:
            with pytest.raises(StorageError):
                location.attempt("read", lambda: backend.stream(path, first, 0, first.size, lambda _: None))
        assert backend.stat(path).token != first.token

    def test_stream_of_a_range(self, root: str, file: Path) -> None:
        location = storage.parse_uri(storage.put(file, f"{root}/range.bin").uri)
        blocks: list[bytes] = []
        stat = location.backend.stat(location.path)
        location.backend.stream(location.path, stat, 1_000, 250_001, blocks.append)
        assert b"".join(blocks) == file.read_bytes()[1_000:250_001]

    def test_interrupted_download_is_resumed(
        self, root: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SPATIALCORE_STORAGE_BLOCK", "100000")
        stored = storage.put(file, f"{root}/resumed.bin")
        backend = type(storage.parse_uri(stored.uri).backend)
        stream, starts = backend.stream, []

        def interrupted(self: Backend, path: str, stat: Stat, start: int, end: int | None, sink: Sink) -> None:
            starts.append(start)
            if len(starts) == 1:
                stream(self, path, stat, 0, 200_000, sink)
                raise KeyboardInterrupt
            stream(self, path, stat, start, end, sink)

        monkeypatch.setattr(backend, "stream", interrupted)
        with pytest.raises(KeyboardInterrupt):
            storage.get(stored.uri, tmp_path / "back")
        assert not (tmp_path / "back").exists()
        assert storage.get(stored.uri, tmp_path / "back") == stored
        assert starts[1] >= 100_000
        assert (tmp_path / "back").read_bytes() == file.read_bytes()
