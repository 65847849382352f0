"""One server, set up with the documented command, and one worker for all tests of this folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from deployments.automations import RETRY_TAG
from deployments.definitions import POOL
from deployments.login import ensure_private, login_environment
from deployments.processes import free_port, running
from deployments.serve import files_at, server_at, service_environment, worker_of
from tasks.local_folders import ACQUIRE, READ
from tests.contract.servers import s3_server
from tests.deployments.service import LOGIN, STORE, DeadRun, Service, webhook_server
from tests.flows.servers import postgres_address, postgres_folder


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a server on which ``python -m deployments.setup`` has run, without a worker.

    The database is Postgres if installed: sqlite is meant for one user, and these tests run many clients at once.
    """
    folder, port = tmp_path_factory.mktemp("service"), free_port()
    (folder / "home").mkdir()
    environment = {
        **service_environment(port, folder / "prefect"),
        **login_environment(LOGIN),
        "HOME": str(folder / "home"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    ensure_private(folder / "prefect")
    server = folder / "server.log"
    with (
        s3_server() as s3_url,
        webhook_server() as webhook,
        database() as database_variables,
        server_at(port, {**environment, **database_variables}, server),
    ):
        running_service = Service(f"http://127.0.0.1:{port}", environment, folder, s3_url, webhook, free_port())
        print(set_up(running_service))
        keys = {**environment, **running_service.keys, "SPATIALCORE_STORE": STORE}
        with files_at(running_service.files_port, keys, folder / "files.log"):
            yield running_service


@contextmanager
def database() -> Iterator[dict[str, str]]:
    """Run a Postgres server if installed, and yield the settings for Prefect; empty settings mean sqlite."""
    programs = postgres_folder()
    if programs is None:
        yield {}
        return
    with postgres_address(programs) as address:
        yield {"PREFECT_SERVER_DATABASE_CONNECTION_URL": address}


@pytest.fixture(scope="session")
def worker(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return the service with a worker that has no credentials."""
    allowed_folders = str(tmp_path_factory.getbasetemp())
    environment = {**service.environment, READ: allowed_folders, ACQUIRE: allowed_folders}
    with worker_of(environment, service.folder / "worker.log"):
        yield service


@pytest.fixture(scope="session")
def dead_run(service: Service) -> Iterator[DeadRun]:
    """Return a run whose machine died: the worker and the run were killed and could not report it.

    The run is in a separate work pool with the same settings, which no other worker serves.
    """
    template = service.get(f"work_pools/{POOL}")["base_job_template"]
    service.post("work_pools/", name="doomed", type="process", base_job_template=template)
    log = service.folder / "doomed.log"
    with service.sleeping_deployment(RETRY_TAG, pool="doomed") as deployment:
        with running(["worker", "start", "--pool", "doomed"], service.environment, log) as process:
            run = service.start(deployment, seconds=300)
            service.wait_for_event("prefect.flow-run.heartbeat", run)
            processes = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
            for pid in processes:
                os.kill(pid, signal.SIGKILL)
        yield DeadRun(run, datetime.now(UTC).isoformat())


@pytest.fixture
def client(service: Service) -> Iterator[SyncPrefectClient]:
    """Return a client of the server. Prefect's calls in this process also use this server."""
    settings = {PREFECT_API_URL: f"{service.url}/api", PREFECT_API_AUTH_STRING: service.login}
    with temporary_settings(settings), get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def keys(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the credentials of the bucket in the environment of the test."""
    for name, value in service.keys.items():
        monkeypatch.setenv(name, value)


def setup_environment(service: Service) -> dict[str, str]:
    """Return the environment of the setup command."""
    return {
        **service.environment,
        "SPATIALCORE_STORE": STORE,
        "SPATIALCORE_WEBHOOK_URL": service.webhook.url,
        "SPATIALCORE_RETRY_CRASHED": "yes",
        "SPATIALCORE_FILES_URL": service.files_url,
        **service.keys,
    }


def set_up(service: Service, *arguments: str, **variables: str) -> str:
    """Run the setup command with every variable that it reads; return its output."""
    process = subprocess.run(
        [sys.executable, "-m", "deployments.setup", *arguments],
        env={**os.environ, **setup_environment(service), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout
