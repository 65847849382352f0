"""Azure Blob Storage, tested on its emulator."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import DependencyError, InputError, StorageError
from spatialcore.storage.backends.azure import AzureBackend
from tests.contract import faulty_proxy as proxy
from tests.contract.faulty_proxy import Fault
from tests.contract.servers import AZURE_KEY, BUCKET, azure_connection
from tests.storage.backends.contract import StoreContract


class TestAzure(StoreContract):
    @pytest.fixture
    def root(self, azure: str) -> str:
        return f"az://{BUCKET}/{uuid.uuid4().hex}"

    def test_uncommitted_blocks_are_not_an_object(self, root: str) -> None:
        location = storage.parse_uri(f"{root}/staged.bin")
        backend = location.backend
        assert isinstance(backend, AzureBackend)
        backend._stage(location.path, "upload", 1, b"cells")
        assert not storage.exists(location.uri)
        assert storage.list_files(root) == []

    def test_concurrent_uploads_of_one_object(self, root: str, file: Path, tmp_path: Path) -> None:
        """The first commit removes the staged blocks of the other upload, which then starts again."""
        other = tmp_path / "other"
        other.write_bytes(file.read_bytes()[::-1])
        location = storage.parse_uri(f"{root}/both.bin")
        backend, uploads = location.backend, []

        def confirm() -> None:
            if not uploads:
                uploads.append(storage.put(other, location.uri))

        size = file.stat().st_size
        _, digest = location.attempt("put", lambda: backend.upload(file, location.path, size, confirm, move=False))
        assert digest == sha256_of_file(file)
        assert storage.read_bytes(location.uri) == file.read_bytes()


@pytest.mark.parametrize("uri", ["az://c/a/b.h5ad", "abfs://c/a/b.h5ad", "abfss://c/a/b.h5ad"])
def test_uri_forms(uri: str) -> None:
    assert storage.canonical(uri) == "az://c/a/b.h5ad"


def test_account_in_the_uri_is_an_error() -> None:
    with pytest.raises(InputError, match="AZURE_STORAGE_ACCOUNT_NAME"):
        storage.parse_uri("abfss://container@account.dfs.core.windows.net/a.h5ad")


def test_wrong_key_is_reported_without_it(azure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = AZURE_KEY[::-1].lstrip("=") + "=="
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure_connection(azure).replace(AZURE_KEY, wrong))
    with pytest.raises(StorageError, match="set AZURE_STORAGE_ACCOUNT_NAME") as failure:
        storage.put_text("cells", f"az://{BUCKET}/denied.txt")
    assert wrong not in str(failure.value)


def test_secrets_of_the_environment_are_masked(azure: str) -> None:
    storage.exists(f"az://{BUCKET}/a")
    assert AZURE_KEY not in storage.redact(f"connection: {azure_connection(azure)}")


def test_blocks_are_compared_by_the_store(azure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"cells" * 1_000)
    uri = f"az://{BUCKET}/{uuid.uuid4().hex}/file"
    with proxy.proxy_to(azure) as running:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure_connection(running.url))
        altered = Fault(proxy.corrupt_upward, "PUT", r"comp=block(?!list)", times=2)
        running.faults.append(altered)
        storage.put(tmp_path / "file", uri)
        assert altered.n_matched == 2
    assert storage.read_bytes(uri) == b"cells" * 1_000


@pytest.mark.parametrize(
    "request_of",
    [
        lambda uri: storage.exists(uri),
        lambda uri: storage.put_text("cells", uri),
        lambda uri: storage.list_files(uri),
        lambda uri: storage.delete(uri),
    ],
    ids=["stat", "write", "list", "delete"],
)
def test_missing_client_library_names_the_extra(
    request_of: Callable[[str], object], hide_package: Callable[[str], None]
) -> None:
    for module in ("adlfs", "azure.core", "azure.core.exceptions"):
        hide_package(module)
    with pytest.raises(DependencyError, match=r"adlfs is needed for az:// URIs(.|\n)*spatialcore-celltyping\[azure\]"):
        request_of("az://container/a.txt")
