"""The whole service on one machine: ``python -m deployments.serve``. Ctrl-C ends it, and its runs.

A server with its UI, everything that :mod:`deployments.setup` makes, and a worker. The database, the logs and the
addresses stay on this machine.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deployments.environment import RUN, SERVER, WORKER
from deployments.processes import running, wait_for
from spatialcore.errors import InputError, SpatialCoreError

HOST = "127.0.0.1"
HOME = Path("~/.spatialcore/prefect").expanduser()


def main(arguments: list[str] | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m deployments.serve", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=4200, help="port of the UI and the API; the next one has the results"
    )
    port = parser.parse_args(arguments).port
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: _stop(stop))
    try:
        with served(port) as children:
            print(f"\nThe UI is at http://{HOST}:{port}/deployments - Ctrl-C ends the service.", flush=True)
            _wait(stop, children)
    except KeyboardInterrupt:
        pass
    except SpatialCoreError as error:
        sys.exit(str(error))
    print("The service has ended.", flush=True)


@contextmanager
def served(port: int) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run server and worker for the length of the block; the deployments are there when it begins."""
    environment = {**service_environment(port), "SPATIALCORE_FILES_URL": f"http://{HOST}:{port + 1}"}
    home = Path(environment["PREFECT_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    for wanted in (port, port + 1):
        _refuse_taken(wanted)
    with ExitStack() as stack:
        print(f"Starting the server (its output: {home / 'server.log'}) ...", flush=True)
        server = stack.enter_context(server_at(port, environment, home / "server.log"))
        print("Setting up the work pool, automations and deployments (half a minute) ...", flush=True)
        set_up = [sys.executable, "-m", "deployments.setup"]
        if subprocess.run(set_up, env={**os.environ, **environment}, check=False).returncode:
            raise SpatialCoreError("the deployments could not be set up", hint="the lines above say why")
        worker = stack.enter_context(worker_of(environment, home / "worker.log"))
        files = stack.enter_context(files_at(port + 1, environment, home / "files.log"))
        yield {"the server": server, "the worker": worker, "the server of results": files}


def service_environment(port: int, home: Path | None = None) -> dict[str, str]:
    """Return what server, worker and clients need to find each other, and nobody else."""
    place = home or Path(os.environ.get("PREFECT_HOME", HOME))
    return {**SERVER, **WORKER, **RUN, "PREFECT_HOME": str(place), "PREFECT_API_URL": f"http://{HOST}:{port}/api"}


@contextmanager
def server_at(port: int, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Prefect server; it answers when the block begins."""
    with running(["server", "start", "--host", HOST, "--port", str(port)], environment, log) as server:
        wait_for(f"http://{HOST}:{port}/api/health", server, log)
        yield server


@contextmanager
def worker_of(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker on the work pool."""
    from deployments.definitions import POOL

    with running(["worker", "start", "--pool", POOL], environment, log) as worker:
        yield worker


@contextmanager
def files_at(port: int, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the server of results, to which the UI's links lead."""
    with running(["--port", str(port)], environment, log, module="deployments.results_server") as files:
        yield files


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise InputError(f"port {port}: {error}", hint="choose another: make serve PORT=4201") from error


def _stop(stop: threading.Event) -> None:
    if stop.is_set():
        return  # ending already: a second Ctrl-C does not leave children behind
    stop.set()
    raise KeyboardInterrupt


def _wait(stop: threading.Event, children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Sleep until the end is asked for; a child that ends by itself is a fault."""
    while not stop.wait(0.5):
        for name, child in children.items():
            if child.poll() is not None:
                raise SpatialCoreError(f"{name} has ended", hint="its log is beside the database, see above")


if __name__ == "__main__":
    main()
