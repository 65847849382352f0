"""Connections without requests."""

import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.deployments.results.test_app import results_server


@pytest.mark.parametrize("sent", [b"", b"GET /runs/x HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "])
def test_a_connection_without_a_request_is_closed(tmp_path: Path, sent: bytes) -> None:
    with results_server(str(tmp_path), idle=1) as url:
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as idle:
            idle.sendall(sent)
            start = time.monotonic()
            assert idle.recv(1) == b""
            assert 0.9 < time.monotonic() - start < 5
        assert httpx.get(f"{url}/health").status_code == 200
