"""Google Cloud Storage: its file system and the metadata of an object."""

import http.server
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spatialcore import storage
from spatialcore.errors import TransientStorageError
from spatialcore.storage.backends.gcs import GCSBackend
from tests.contract.faulty_proxy import proxy_to
from tests.contract.servers import BUCKET, serving, silent_server
from tests.storage.backends.contract import StoreContract

CODE = """
import gcsfs
from spatialcore.storage import connect
print(*[f"{kind.__module__}.{kind.__name__}" for kind in (gcsfs.GCSFileSystem, type(connect("gs://bucket/x")[0]))])
"""


class TestGCS(StoreContract):
    @pytest.fixture
    def root(self, gs: str) -> str:
        return f"gs://{BUCKET}/{uuid.uuid4().hex}"


def test_plain_file_system_even_if_gcsfs_was_imported_before() -> None:
    """The extended file system queries a metadata server for up to a minute."""
    environment = {**os.environ, "STORAGE_EMULATOR_HOST": "http://127.0.0.1:9"}
    environment.pop("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", None)
    run = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    default, selected = run.stdout.split()
    assert default == "gcsfs.extended_gcsfs.ExtendedGcsFileSystem"
    assert selected == "spatialcore.storage.backends.gcs.WithoutRetries", "gcsfs.core.GCSFileSystem without retries"


def test_a_public_bucket_is_read_without_credentials(gs: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uri = storage.put_text("cells", f"gs://{BUCKET}/{uuid.uuid4().hex}/file").uri
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with proxy_to(gs) as proxy, storage.connection(f"gs://{BUCKET}", endpoint_url=proxy.url):
        assert storage.read_text(uri) == "cells"
        assert proxy.requests
        assert not any("Authorization" in headers for _, _, headers in proxy.requests)


def test_stat_of_an_entry() -> None:
    stat = GCSBackend("gs").stat_of({"generation": 17, "size": "5", "md5Hash": "XUFAKrxLKna5cZ2REBfFkg=="})
    assert (stat.token, stat.size, stat.md5) == ("17", 5, "5d41402abc4b2a76b9719d911017c592")


def test_files_are_compared_under_a_temporary_name(gs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"cells" * 1_000)
    with proxy_to(gs) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        storage.put(tmp_path / "file", f"gs://{BUCKET}/{uuid.uuid4().hex}/file")
        paths = [path for _, path, _ in proxy.requests]
    copied = next(number for number, path in enumerate(paths) if "rewriteTo" in path)
    assert ".part" in paths[copied]
    assert any(".part" in path for path in paths[:copied])


def key_file(token_uri: str) -> dict[str, str]:
    """Return a service account key whose tokens come from this address."""
    from cryptography.hazmat.primitives import serialization as formats
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    text = key.private_bytes(formats.Encoding.PEM, formats.PrivateFormat.PKCS8, formats.NoEncryption()).decode()
    return {"type": "service_account", "client_email": "a@b.c", "private_key": text, "token_uri": token_uri}


def test_a_token_server_that_never_answers_fails_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("SPATIALCORE_STORAGE_READ_TIMEOUT", "1")
    monkeypatch.setenv("SPATIALCORE_STORAGE_BUDGET", "3")
    with silent_server() as url, storage.connection("gs://", token=key_file(f"{url}/token")):
        started = time.monotonic()
        with pytest.raises(TransientStorageError, match="Read timed out"):
            storage.read_bytes("gs://bucket/x")
        assert time.monotonic() - started < 15


@contextmanager
def metadata_server() -> Iterator[tuple[str, list[str]]]:
    """Serve a metadata server with a token, and objects; also yield the Authorization headers of object requests."""
    headers: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_metadata = self.path.startswith("/computeMetadata") or self.path == "/"
            if not is_metadata:
                headers.append(self.headers.get("Authorization", ""))
            content = metadata_response(self.path) if is_metadata else b"cells"
            self.send_response(200)
            self.send_header("Metadata-Flavor", "Google")
            self.send_header("Content-Type", "application/json" if content.startswith(b"{") else "text/plain")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url, headers


def metadata_response(path: str) -> bytes:
    if "/token" in path:
        return b'{"access_token": "of-the-platform", "expires_in": 3600, "token_type": "Bearer"}'
    if "/service-accounts/" in path:
        return b'{"email": "machine@project", "scopes": [], "aliases": ["default"]}'
    return b"project"


READ = """
from spatialcore import storage
storage.use_connection("gs://", token=None)
print(storage.read_bytes("gs://bucket/x").decode())
"""


def test_without_a_key_file_the_credentials_of_the_platform_are_used(tmp_path: Path) -> None:
    """As on a Google machine or a pod with Workload Identity. google-auth reads the address at import."""
    with metadata_server() as (url, headers):
        host = url.removeprefix("http://")
        metadata = dict.fromkeys(("GCE_METADATA_HOST", "GCE_METADATA_ROOT", "GCE_METADATA_IP"), host)
        settings = {**metadata, "STORAGE_EMULATOR_HOST": url, "CLOUDSDK_CONFIG": str(tmp_path)}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GOOGLE_")} | settings
        run = subprocess.run([sys.executable, "-c", READ], env=environment, capture_output=True, text=True, check=False)
    assert run.stdout == "cells\n", run.stderr
    assert headers == ["Bearer of-the-platform"]
