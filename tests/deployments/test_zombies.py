"""What happens to a run whose machine dies. No other worker is there, which would take the run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from deployments.automations import RETRY_TAG
from deployments.definitions import POOL
from deployments.processes import running
from tests.deployments.service import Service

WAITS = Path(__file__).with_name("waits.py")


@pytest.mark.service
@pytest.mark.slow
def test_what_was_killed_is_marked_and_started_again(service: Service) -> None:
    """A machine that dies: worker and run are killed at once, and nobody is left to say so."""
    _deploy_waits(service)
    with running(["worker", "start", "--pool", POOL], service.environment, service.folder / "killed.log") as process:
        run = service.start("waits/retried", seconds=300)
        service.wait(run, ("RUNNING",))
        service.wait_for_event("prefect.flow-run.heartbeat", run)
        family = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
        for pid in family:
            os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
    ended = service.wait(run, patience=150)
    assert time.monotonic() - killed < 120
    assert ended["state_name"] == "Crashed"
    deployment = ended["deployment_id"]
    deadline = time.monotonic() + 20
    while len(again := service.runs(deployments={"id": {"any_": [deployment]}})) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert [one["parameters"] for one in again] == [{"config": {"seconds": 300}}] * 2, (
        "it is the same run, not the defaults"
    )
    for one in again:
        service.post(f"flow_runs/{one['id']}/set_state", state={"type": "CANCELLED"}, force=True)


def _deploy_waits(service: Service) -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", f"{WAITS.name}:waits", "--name", "retried"]
    subprocess.run(
        [*command, "--pool", POOL, "--work-queue", "people", "--tag", RETRY_TAG, "--tag", "spatialcore"],
        env={**os.environ, **service.environment},
        cwd=WAITS.parent,
        check=True,
        capture_output=True,
    )
