"""One contract, held by every store."""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import ConflictError, FileMissingError, InputError
from tests.contract.servers import BUCKET


class StoreContract:
    """What holds for any store; a subclass says where its root is."""

    @pytest.fixture
    def root(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "reference.h5ad"
        path.write_bytes(os.urandom(300_000))
        return path

    def test_a_file_comes_back_as_it_was(self, root: str, file: Path, tmp_path: Path) -> None:
        stored = storage.put(file, f"{root}/a/reference.h5ad", metadata={"source": "synapse://syn1"})
        assert (stored.size, stored.sha256) == (file.stat().st_size, sha256_of_file(file))
        back = tmp_path / "back" / "reference.h5ad"
        assert storage.get(stored.uri, back) == stored
        assert back.read_bytes() == file.read_bytes()
        manifest = storage.read_manifest(stored.uri)
        assert manifest is not None
        assert manifest.file == stored
        assert manifest.metadata == {"source": "synapse://syn1"}

    def test_many_blocks(self, root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # The smallest part that S3 takes is 5 MB.
        monkeypatch.setenv("SPATIALCORE_STORAGE_BLOCK", str(5 << 20))
        file = tmp_path / "large.bin"
        file.write_bytes(os.urandom(17_000_001))
        stored = storage.put(file, f"{root}/large.bin")
        monkeypatch.setenv("SPATIALCORE_STORAGE_BLOCK", "1000003")
        assert storage.get(stored.uri, tmp_path / "back.bin").sha256 == sha256_of_file(file)
        assert sha256_of_file(tmp_path / "back.bin") == sha256_of_file(file)

    @pytest.mark.parametrize("name", ["runs/lung-1/reference.h5ad", "colon (left), 50% +IEL/réf #1.h5ad"])
    def test_a_copy_is_the_file_under_another_name(self, root: str, file: Path, tmp_path: Path, name: str) -> None:
        first = storage.put(file, f"{root}/cache/reference.h5ad", metadata={"source": "synapse://syn1"})
        copied = storage.copy(first, f"{root}/{name}")
        assert (copied.size, copied.sha256) == (first.size, first.sha256)
        assert storage.get(copied.uri, tmp_path / "back") == copied
        assert (tmp_path / "back").read_bytes() == file.read_bytes()
        assert storage.token(first.uri) == first.token
        manifest = storage.read_manifest(copied.uri)
        assert manifest is not None
        assert manifest.file == copied
        assert storage.list(root) == sorted([first.uri, copied.uri])

    def test_a_listing_tells_the_versions_that_each_file_would(self, root: str, file: Path) -> None:
        stored = [storage.put(file, f"{root}/folder/{name}") for name in ("a.h5ad", "deep/b.h5ad")]
        assert storage.list_versions(f"{root}/folder") == {each.uri: each.token for each in stored}
        assert storage.list_versions(f"{root}/nothing") == {}

    def test_what_was_replaced_is_not_copied(self, root: str, file: Path) -> None:
        first = storage.put(file, f"{root}/reference.h5ad")
        storage.put_text("another", first.uri)
        with pytest.raises(ConflictError, match=r"reference\.h5ad was replaced"):
            storage.copy(first, f"{root}/copy.h5ad")
        storage.delete(first.uri)
        with pytest.raises(FileMissingError):
            storage.copy(first, f"{root}/copy.h5ad")
        assert not storage.exists(f"{root}/copy.h5ad")

    def test_a_file_given_away_arrives_as_any_other(self, root: str, file: Path, tmp_path: Path) -> None:
        content = file.read_bytes()
        stored = storage.put(file, f"{root}/given.h5ad", move=True)
        assert storage.get(stored.uri, tmp_path / "back") == stored
        assert (tmp_path / "back").read_bytes() == content
        assert storage.describe(stored.uri) == stored

    def test_an_empty_file(self, root: str, tmp_path: Path) -> None:
        (tmp_path / "empty").touch()
        stored = storage.put(tmp_path / "empty", f"{root}/empty")
        assert storage.get(stored.uri, tmp_path / "back").size == 0
        assert (tmp_path / "back").read_bytes() == b""

    def test_names_with_odd_characters(self, root: str, file: Path, tmp_path: Path) -> None:
        stored = storage.put(file, f"{root}/colon (left), 50% +IEL/réf #1.h5ad")
        assert storage.get(stored.uri, tmp_path / "back").sha256 == stored.sha256
        assert storage.list(root) == [stored.uri]

    def test_the_token_changes_with_the_content(self, root: str, file: Path) -> None:
        uri = f"{root}/reference.h5ad"
        first = storage.put(file, uri)
        assert storage.token(uri) == first.token
        file.write_bytes(bytes(reversed(file.read_bytes())))
        assert storage.put(file, uri).token != first.token

    def test_a_manifest_of_another_version_is_not_believed(self, root: str, file: Path, tmp_path: Path) -> None:
        uri = f"{root}/reference.h5ad"
        storage.put(file, uri)
        storage.put_bytes(b"written by another tool", uri)
        assert storage.read_manifest(uri) is None
        assert storage.get(uri, tmp_path / "back").size == 23
        assert storage.describe(uri).size == 23

    def test_what_is_not_there(self, root: str, tmp_path: Path) -> None:
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

    def test_listing_and_removal(self, root: str, file: Path) -> None:
        uris = sorted(storage.put(file, f"{root}/{name}").uri for name in ("a.h5ad", "b/c.h5ad"))
        assert storage.list(root) == uris
        storage.delete(uris[0])
        assert storage.list(root) == uris[1:]
        assert not storage.exists(storage.manifest_uri(uris[0]))

    def test_nothing_is_left_behind(self, root: str, file: Path) -> None:
        storage.put(file, f"{root}/a.h5ad")
        system, place = storage.connect(f"{root}/a.h5ad")
        names = {path.rpartition("/")[2] for path in system.find(place.path.rpartition("/")[0])}
        assert names == {"a.h5ad", "a.h5ad.manifest.json"}

    def test_text(self, root: str) -> None:
        stored = storage.put_text("γδ T cell\n", f"{root}/note.txt")
        assert storage.read_text(stored.uri) == "γδ T cell\n"
        assert storage.read_versioned(stored.uri) == ("γδ T cell\n".encode(), stored.token)

    def test_a_new_object_has_one_writer(self, root: str) -> None:
        uri = f"{root}/lock.json"

        def take(index: int) -> bool:
            try:
                storage.put_new(f"writer {index}".encode(), uri)
            except ConflictError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            won = [index for index, first in enumerate(pool.map(take, range(8))) if first]
        assert len(won) == 1
        assert storage.read_text(uri) == f"writer {won[0]}"

    def test_a_pointer_moves_once(self, root: str) -> None:
        uri = f"{root}/current.json"
        start = storage.put_new(b"version 0", uri)

        def move(index: int) -> bool:
            try:
                storage.put_if(f"version {index}".encode(), uri, expected=start.token)
            except ConflictError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            won = [index for index, moved in zip(range(1, 9), pool.map(move, range(1, 9)), strict=True) if moved]
        assert len(won) == 1
        text, token = storage.read_versioned(uri)
        assert text.decode() == f"version {won[0]}"
        assert storage.put_if(b"version 9", uri, expected=token).token == storage.token(uri)

    def test_a_pointer_that_is_gone_does_not_move(self, root: str) -> None:
        with pytest.raises((ConflictError, FileMissingError)):
            storage.put_if(b"x", f"{root}/gone.json", expected="123")
        with pytest.raises(InputError, match="put_new"):
            storage.put_if(b"x", f"{root}/gone.json", expected="")


class TestFile(StoreContract):
    @pytest.fixture
    def root(self, tmp_path: Path) -> str:
        return str(tmp_path / "store")

    def test_manifests_are_out_of_sight(self, root: str, file: Path) -> None:
        storage.put(file, f"{root}/results/calls.h5ad")
        results = Path(root) / "results"
        assert [path.name for path in results.iterdir() if not path.name.startswith(".")] == ["calls.h5ad"]
        assert (results / ".spatialcore" / "calls.h5ad.manifest.json").is_file()


class TestMemory(StoreContract):
    @pytest.fixture
    def root(self) -> str:
        return f"memory://{uuid.uuid4().hex}"


class TestS3(StoreContract):
    @pytest.fixture
    def root(self, s3: str) -> str:
        return f"s3://{BUCKET}/{uuid.uuid4().hex}"


class TestGCS(StoreContract):
    @pytest.fixture
    def root(self, gs: str) -> str:
        return f"gs://{BUCKET}/{uuid.uuid4().hex}"


class TestAzure(StoreContract):
    @pytest.fixture
    def root(self, azure: str) -> str:
        return f"az://{BUCKET}/{uuid.uuid4().hex}"
