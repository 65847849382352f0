"""A worker, and its helper process that sends events."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from deployments import worker as worker_command
from deployments.worker import ALIVE
from tests.deployments.service import Service
from tests.deployments.test_clock import server_with_clock
from tests.deployments.test_event_client import wait_for_event


@pytest.mark.service
def test_the_helper_process_of_a_worker_sends_heartbeats_and_ends_with_it(service: Service) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        "helper = subprocess.Popen([sys.executable, '-m', 'deployments.worker', '--heartbeats-of', str(os.getpid())])\n"
        "print(helper.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    environment = {**os.environ, **service.environment}
    worker = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    helper = int(worker.stdout.readline())
    try:
        wait_for_event(service, ALIVE)
    finally:
        worker.kill()
        worker.wait()
    deadline = time.monotonic() + 10
    while _is_running(helper):
        assert time.monotonic() < deadline, "the helper process is still running"
        time.sleep(0.1)


def _is_running(pid: int) -> bool:
    """Return whether a process is running; an ended process remains as a zombie until its parent collects it."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_worker_whose_clock_is_wrong_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("the worker was started"))
    with server_with_clock(100) as url:
        monkeypatch.setenv("PREFECT_API_URL", url)
        with pytest.raises(SystemExit, match="100 s behind the server's"):
            worker_command.main()
