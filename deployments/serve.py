"""The whole service on one machine: ``python -m deployments.serve``. Ctrl-C ends it, and its runs.

A server with its UI, everything that :mod:`deployments.setup` makes, and a worker. The database, the logs and the
addresses stay on this machine. The server asks for a login, which is made at the first start, and answers no page of
another origin.
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
from deployments.login import (
    FILE,
    SERVER_LOGIN,
    add_sign_in_page,
    ensure_login,
    ensure_private,
    login_environment,
    open_ui,
)
from deployments.processes import running, wait_for
from spatialcore.errors import InputError, SpatialCoreError
from tasks.local_folders import READ

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
        login, created = _login(home := _home())
        with served(port, login) as children:
            _announce(port, login, home, created=created)
            _wait(stop, children)
    except KeyboardInterrupt:
        pass
    except SpatialCoreError as error:
        sys.exit(str(error))
    print("The service has ended.", flush=True)


def _home() -> Path:
    return Path(os.environ.get("PREFECT_HOME", HOME))


def _login(home: Path) -> tuple[str, bool]:
    """Return the login that the environment gives, else the one in the service's folder, and whether it is new."""
    ensure_private(home)
    given = os.environ.get(SERVER_LOGIN, "")
    return (given, False) if given else ensure_login(home)


def _announce(port: int, login: str, home: Path, *, created: bool) -> None:
    """Print where the UI is; the login itself is printed once, when it has been created."""
    url = f"http://{HOST}:{port}"
    if created:
        print(f"\nThe login of the UI and of the results is {login}\nIt is kept in {home / FILE}.", flush=True)
    elif SERVER_LOGIN not in os.environ:
        print(f"\nThe login of the UI and of the results is in {home / FILE}.", flush=True)
    open_ui(url, login, home)
    print(f"\nThe UI is at {url}/deployments (start with the tag start-here) - Ctrl-C ends the service.", flush=True)


@contextmanager
def served(port: int, login: str) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run server and worker for the length of the block; the deployments are there when it begins."""
    environment = service_environment(port) | login_environment(login)
    environment["SPATIALCORE_FILES_URL"] = f"http://{HOST}:{port + 1}"
    if READ not in os.environ:  # runs are this user's own, and read what lies where this user works
        environment[READ] = os.pathsep.join([str(Path.home()), str(Path.cwd())])
    home = Path(environment["PREFECT_HOME"])
    ensure_private(home)
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
    place = home or _home()
    return {
        **SERVER,
        **WORKER,
        **RUN,
        "PREFECT_HOME": str(place),
        "PREFECT_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_UI_STATIC_DIRECTORY": str(place / "ui"),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://{HOST}:{port}",
    }


@contextmanager
def server_at(port: int, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Prefect server; it answers when the block begins."""
    with running(["server", "start", "--host", HOST, "--port", str(port)], environment, log) as server:
        wait_for(f"http://{HOST}:{port}/api/ready", server, log)
        add_sign_in_page(Path(environment["PREFECT_UI_STATIC_DIRECTORY"]) / "v1")
        yield server


@contextmanager
def worker_of(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker on the work pool."""
    with running([], environment, log, module="deployments.worker") as worker:
        yield worker


@contextmanager
def files_at(port: int, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the server of results, to which the UI's links lead."""
    with running(["--port", str(port)], environment, log, module="deployments.results_server") as files:
        wait_for(f"http://{HOST}:{port}/health", files, log)
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
