"""``make serve`` runs the whole service on one machine with sqlite."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import sample

import httpx
import pytest

from deployments.processes import running
from deployments.serve import HOST
from tests.deployments.service import Service, Webhook


@pytest.mark.service
@pytest.mark.slow
def test_one_command_serves_a_run_and_ends_with_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("PREFECT_", "SPATIALCORE_"))]:
        monkeypatch.delenv(name)
    port = two_free_ports()
    with serving(port, tmp_path) as process:
        login = (tmp_path / ".spatialcore" / "prefect" / "login").read_text().strip()
        service = Service(f"http://{HOST}:{port}", {}, tmp_path, "", Webhook("", []), port + 1, login)
        assert (tmp_path / "log").read_text().count(login) == 1, "the login is shown once"
        assert httpx.post(f"{service.url}/api/flow_runs/filter", json={}, timeout=60).status_code in {401, 403}
        assert httpx.get(f"{service.files_url}/runs/x", timeout=60).status_code == 401
        assert len(service.deployments()) > 40, "the deployments of every tissue"
        with service.sleeping_deployment() as deployment:
            assert service.wait(service.start(deployment, seconds=0.1))["state_type"] == "COMPLETED"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert [answers(port), answers(port + 1)] == [False, False]


@contextmanager
def serving(port: int, home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the command without any settings; the service is available when the block begins."""
    settings = {"HOME": str(home), "SPATIALCORE_STORE": str(home / "store")}
    log = home / "log"
    with running(
        ["--port", str(port)], settings | {"PYTHONUNBUFFERED": "1"}, log, module="deployments.serve"
    ) as process:
        deadline = time.monotonic() + 300
        while "The UI is at" not in (output := log.read_text()):
            assert process.poll() is None, output
            assert time.monotonic() < deadline, output
            time.sleep(0.3)
        yield process


def two_free_ports() -> int:
    """Return a free port whose next port is free as well, outside the range of outgoing connections."""
    return next(port for port in sample(range(10_000, 30_000), 100) if not (answers(port) or answers(port + 1)))


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
