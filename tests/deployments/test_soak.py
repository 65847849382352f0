"""An outage of the server that lasts longer than the heartbeat timeout of a dead run: ``make soak``."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from deployments.login import ensure_private, login_environment
from deployments.processes import free_port
from deployments.serve import server_at, service_environment, worker_of
from tests.deployments.conftest import database, set_up
from tests.deployments.service import ENDED, LOGIN, Service, Webhook

OUTAGE = 105  # seconds
TIMEOUT = 300  # seconds: heartbeat timeout 75, next evaluation 75, and a margin for a busy machine


@contextmanager
def separate_service(folder: Path) -> Iterator[tuple[Service, dict[str, str]]]:
    """Yield a client of a service that the test starts and stops, and the environment of its server."""
    environment = {
        **service_environment(free_port(), folder / "prefect"),
        **login_environment(LOGIN),
        "HOME": str(folder),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    ensure_private(folder / "prefect")
    with database() as variables:
        url = environment["PREFECT_API_URL"].removesuffix("/api")
        yield Service(url, environment, folder, "", Webhook("", []), 0), {**environment, **variables}


def kill_process_tree(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and its children at once, as when a machine dies."""
    processes = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for each in processes:
        each.kill()


def deploy_sleeping_flow(service: Service) -> str:
    flow = service.post("flows/", name="waits")["id"]
    fields = {"entrypoint": "tests.deployments.waits.waits", "tags": ["spatialcore"], "pull_steps": []}
    options = {"work_pool_name": "spatialcore", "enforce_parameter_schema": False}
    service.post("deployments/", name="waits", flow_id=flow, **fields, **options)
    return "waits/waits"


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_dead_runs_release_their_slots_after_a_long_outage(tmp_path: Path) -> None:
    """By default Prefect ignores runs whose heartbeat is overdue by a minute, so they would stay Running."""
    with separate_service(tmp_path) as (service, environment), ExitStack() as stack:
        port, log = int(service.url.rpartition(":")[2]), tmp_path / "server.log"
        with server_at(port, environment, log) as server:
            set_up(service, SPATIALCORE_STORE=str(tmp_path / "store"))
            worker = stack.enter_context(worker_of(service.environment, tmp_path / "worker.log"))
            deployment = deploy_sleeping_flow(service)
            runs = [service.start(deployment, seconds=1000) for _ in range(2)]
            for run in runs:
                service.wait_for_event("prefect.flow-run.heartbeat", run, timeout=120)
            queued = service.start(deployment, seconds=1)
            os.killpg(server.pid, signal.SIGKILL)
        time.sleep(OUTAGE)
        stack.enter_context(server_at(port, environment, log))
        kill_process_tree(worker)
        died = time.monotonic()
        stack.enter_context(worker_of(service.environment, tmp_path / "worker2.log"))
        ended = {run: service.wait(run, timeout=TIMEOUT - (time.monotonic() - died)) for run in runs}
        print(f"dead runs were marked {time.monotonic() - died:.0f} s after the server's return")
        assert {run["state_name"] for run in ended.values()} == {"Crashed"}
        assert service.wait(queued, ENDED, timeout=60)["state_name"] == "Completed", "the slot is free"
