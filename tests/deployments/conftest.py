"""One server, set up by the command that users type, and one worker for all tests of this folder."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.serve import server_at, service_environment, worker_of
from tests.contract.servers import KEY, SECRET, free_port, s3_server
from tests.deployments.service import Service, listening


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a server on which ``python -m deployments.setup`` has run; no worker yet."""
    folder, port = tmp_path_factory.mktemp("service"), free_port()
    (folder / "home").mkdir()
    environment = {
        **service_environment(port, folder / "prefect"),
        "HOME": str(folder / "home"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    (folder / "prefect").mkdir()
    with s3_server() as s3_url, listening() as webhook, server_at(port, environment, folder / "server.log"):
        found = Service(f"http://127.0.0.1:{port}", environment, folder, s3_url, webhook)
        print(set_up(found))
        yield found


@pytest.fixture(scope="module")
def worker(service: Service) -> Iterator[Service]:
    """Return the service with a worker that knows no secret."""
    with worker_of(service.environment, service.folder / "worker.log"):
        yield service


def set_up(service: Service, **more: str) -> str:
    """Run the command that sets a server up, with everything that its environment may hold."""
    said = {
        "SPATIALCORE_STORE": str(service.folder / "store"),
        "SPATIALCORE_WEBHOOK_URL": service.webhook.url,
        "SPATIALCORE_RETRY_CRASHED": "yes",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": service.s3_url,
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-m", "deployments.setup"],
        env={**os.environ, **service.environment, **said},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
