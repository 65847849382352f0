"""An outage of the server that is longer than the silence of a dead run: ``make soak``."""

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
PATIENCE = 300  # seconds: 75 of silence, up to 75 to the next evaluation, and what a busy machine adds


@contextmanager
def own_service(folder: Path) -> Iterator[tuple[Service, dict[str, str]]]:
    """Give a client of a service that the test starts and ends, and the environment of its server."""
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


def kill_family(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and all below it at once, as when a machine dies."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        member.kill()


def deploy_waits(service: Service) -> str:
    flow = service.post("flows/", name="waits")["id"]
    about = {"entrypoint": "tests.deployments.waits.waits", "tags": ["spatialcore"], "pull_steps": []}
    options = {"work_pool_name": "spatialcore", "enforce_parameter_schema": False}
    service.post("deployments/", name="waits", flow_id=flow, **about, **options)
    return "waits/waits"


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_dead_runs_free_their_places_after_a_long_outage_of_the_server(tmp_path: Path) -> None:
    """By default Prefect forgets runs whose heartbeat is overdue by a minute: they stayed Running for ever."""
    with own_service(tmp_path) as (service, environment), ExitStack() as stack:
        port, log = int(service.url.rpartition(":")[2]), tmp_path / "server.log"
        with server_at(port, environment, log) as server:
            set_up(service, SPATIALCORE_STORE=str(tmp_path / "store"))
            worker = stack.enter_context(worker_of(service.environment, tmp_path / "worker.log"))
            waits = deploy_waits(service)
            runs = [service.start(waits, seconds=1000) for _ in range(2)]
            for run in runs:
                service.wait_for_event("prefect.flow-run.heartbeat", run, patience=120)
            queued = service.start(waits, seconds=1)
            os.killpg(server.pid, signal.SIGKILL)
        time.sleep(OUTAGE)
        stack.enter_context(server_at(port, environment, log))
        kill_family(worker)
        died = time.monotonic()
        stack.enter_context(worker_of(service.environment, tmp_path / "worker2.log"))
        ended = {run: service.wait(run, patience=PATIENCE - (time.monotonic() - died)) for run in runs}
        print(f"dead runs were marked {time.monotonic() - died:.0f} s after the server's return")
        assert {run["state_name"] for run in ended.values()} == {"Crashed"}
        assert service.wait(queued, ENDED, patience=60)["state_name"] == "Completed", "its slot is free"
