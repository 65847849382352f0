"""Restart of the server during a run."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.environment import RETRY
from tests.flows.conftest import blood_config
from tests.flows.runs import command, phases_of
from tests.flows.servers import Server, postgres_address, postgres_folder, postgres_server
from tests.flows.test_faults import ROOT, assert_complete


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Start a server on Postgres if installed, otherwise on sqlite."""
    home = tmp_path / "prefect"
    home.mkdir()
    if programs := postgres_folder():
        with postgres_address(programs) as address:
            yield from start_run(Server(home, address))
    else:
        yield from start_run(Server(home))


def start_run(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.mark.slow
def test_a_run_continues_after_a_restart_of_the_server(blood: Path, tmp_path: Path, server: Server) -> None:
    blood_config(blood, tmp_path / "store", generate_plots=True).to_yaml(tmp_path / "config.yaml")
    log = tmp_path / "log"
    environment = {**os.environ, "PREFECT_API_URL": server.api, "HOME": str(tmp_path)}
    arguments = command(tmp_path / "config.yaml", log)
    with subprocess.Popen(arguments, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as run:
        while not (log.exists() and "train" in phases_of(log)[0]):
            assert run.poll() is None, run.communicate()[1][-3000:]
            time.sleep(0.1)
        server.kill()
        server.start()
        _, output = run.communicate(timeout=300)
    assert run.returncode == 0, output[-3000:]
    assert_complete(tmp_path / "store")
    assert states(server) == {"train_and_annotate": "COMPLETED"}


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [20, pytest.param(65, marks=pytest.mark.soak)])
def test_a_run_continues_after_an_outage_of_the_database(blood: Path, tmp_path: Path, seconds: int) -> None:
    """Prefect alone does not retry after a status of 500."""
    programs = postgres_folder()
    if programs is None:
        pytest.skip("Postgres is not installed")
    blood_config(blood, tmp_path / "store", generate_plots=True).to_yaml(tmp_path / "config.yaml")
    log, home = tmp_path / "log", tmp_path / "prefect"
    home.mkdir()
    with postgres_server(programs) as database:
        for server in start_run(Server(home, database.address)):
            environment = {**os.environ, **RETRY, "PREFECT_API_URL": server.api, "HOME": str(tmp_path)}
            arguments = command(tmp_path / "config.yaml", log)
            with subprocess.Popen(arguments, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as run:
                while not (log.exists() and "train" in phases_of(log)[0]):
                    assert run.poll() is None, run.communicate()[1][-3000:]
                    time.sleep(0.1)
                database.stop_at_once()
                time.sleep(seconds)
                assert run.poll() is None, "the run waits"
                database.start()
                _, output = run.communicate(timeout=300)
            assert run.returncode == 0, output[-3000:]
            assert_complete(tmp_path / "store")
            assert states(server) == {"train_and_annotate": "COMPLETED"}


def states(server: Server) -> dict[str, str]:
    """Return flow name -> state of its only run, as reported by the server."""
    flows = {item["id"]: item["name"] for item in request_json(server, "flows/filter")}
    return {flows[item["flow_id"]]: item["state_type"] for item in request_json(server, "flow_runs/filter")}


def request_json(server: Server, path: str) -> list[dict[str, str]]:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.api}/{path}", b"{}", headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        result: list[dict[str, str]] = json.load(answer)
        return result
