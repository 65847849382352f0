"""``make serve``: the whole service on one machine, on sqlite, by one command."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import sample

import pytest

from deployments.serve import HOST
from tests.deployments.service import Service, Webhook

ROOT = Path(__file__).parents[2]


@pytest.mark.service
@pytest.mark.slow
def test_one_command_serves_a_run_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    port = two_free_ports()
    with serving(port, tmp_path) as process:
        service = Service(f"http://{HOST}:{port}", {}, tmp_path, "", Webhook("", []), port + 1)
        assert len(service.deployments()) > 40, "those of every tissue"
        with service.waits() as waits:
            assert service.wait(service.start(waits, seconds=0.1))["state_type"] == "COMPLETED"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert [answers(port), answers(port + 1)] == [False, False]


@contextmanager
def serving(port: int, home: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run the command as somebody who has set nothing; the service is there when the block begins."""
    mine = {"HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SPATIALCORE_"))
    }
    command = [sys.executable, "-m", "deployments.serve", "--port", str(port)]
    with subprocess.Popen(
        command, env={**environment, **mine}, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        late = threading.Timer(300, process.terminate)
        late.start()
        try:
            assert process.stdout is not None
            said: list[str] = []
            while not said or "The UI is at" not in said[-1]:
                said.append(process.stdout.readline())
                assert said[-1], "".join(said)
            yield process
        finally:
            late.cancel()
            process.send_signal(signal.SIGTERM)


def two_free_ports() -> int:
    """Return a port that is free, as the next one is, and that no outgoing connection is given in the meantime."""
    return next(port for port in sample(range(10_000, 30_000), 100) if not (answers(port) or answers(port + 1)))


def answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((HOST, port)) == 0
