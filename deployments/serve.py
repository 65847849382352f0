"""Run the whole service on one machine: ``python -m deployments.serve``. Ctrl-C ends it and its runs.

Starts a server with its UI, runs :mod:`deployments.setup`, and starts a worker and the results server. All listen on
this machine only. The server requires a login, which is created at the first start, and rejects requests of other
origins.
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
    ensure_login,
    ensure_private,
    login_environment,
    open_ui,
)
from deployments.processes import running, wait_for
from deployments.ui.pages import DEPLOYMENTS, add_pages
from spatialcore.errors import InputError, SpatialCoreError
from tasks.local_folders import READ

HOST = "127.0.0.1"
HOME = Path("~/.spatialcore/prefect").expanduser()


def main(arguments: list[str] | None = None) -> None:
    """Run the service until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m deployments.serve", description=__doc__)
    parser.add_argument(
        "--port",
        type=int,
        default=4200,
        help="port of the UI and the API (default: %(default)s); results: the next port",
    )
    port = parser.parse_args(arguments).port
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: _stop(stop))
    try:
        login, created = _login(home := _home())
        with running_service(port, login) as children:
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
    """Return the login of the environment, else that in the service's folder, and whether it was created."""
    ensure_private(home)
    login = os.environ.get(SERVER_LOGIN, "")
    return (login, False) if login else ensure_login(home)


def _announce(port: int, login: str, home: Path, *, created: bool) -> None:
    """Print the URL of the UI; the login itself is printed only when it was created."""
    url = f"http://{HOST}:{port}"
    if created:
        print(f"\nThe login of the UI and of the results is {login}\nIt is saved in {home / FILE}.", flush=True)
    elif SERVER_LOGIN not in os.environ:
        print(f"\nThe login of the UI and of the results is in {home / FILE}.", flush=True)
    open_ui(url, login, home)
    print(f"\nThe UI is at {url}{DEPLOYMENTS} - press Ctrl-C to end.", flush=True)


@contextmanager
def running_service(port: int, login: str) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run server, worker and results server during the block; the deployments exist when it begins.

    Parameters
    ----------
    port
        Port of the server; the results server has the next one.
    login
        ``user:password`` of both.

    Yields
    ------
    dict
        Name of each process -> the process.
    """
    environment = service_environment(port) | login_environment(login)
    environment["SPATIALCORE_FILES_URL"] = f"http://{HOST}:{port + 1}"
    if READ not in os.environ:  # all runs are this user's own
        environment[READ] = os.pathsep.join([str(Path.home()), str(Path.cwd())])
    home = Path(environment["PREFECT_HOME"])
    ensure_private(home)
    for number in (port, port + 1):
        _require_free(number)
    with ExitStack() as stack:
        print(f"Starting the server (log: {home / 'server.log'}) ...", flush=True)
        server = stack.enter_context(server_at(port, environment, home / "server.log"))
        print("Creating the work pool, automations and deployments (half a minute) ...", flush=True)
        set_up = [sys.executable, "-m", "deployments.setup"]
        if subprocess.run(set_up, env={**os.environ, **environment}, check=False).returncode:
            raise SpatialCoreError("the deployments could not be set up", hint="see the messages above")
        worker = stack.enter_context(worker_of(environment, home / "worker.log"))
        files = stack.enter_context(files_at(port + 1, environment, home / "files.log"))
        yield {"the server": server, "the worker": worker, "the results server": files}


def service_environment(port: int, home: Path | None = None) -> dict[str, str]:
    """Return the environment of server, worker and clients.

    Parameters
    ----------
    port
        Port of the server.
    home
        Folder of the service; by default ``PREFECT_HOME`` or ``~/.spatialcore/prefect``.
    """
    home = home or _home()
    return {
        **SERVER,
        **WORKER,
        **RUN,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_UI_STATIC_DIRECTORY": str(home / "ui"),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://{HOST}:{port}",
    }


@contextmanager
def server_at(port: int, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Prefect server during the block, which begins when the server responds."""
    with running(["server", "start", "--host", HOST, "--port", str(port)], environment, log) as server:
        wait_for(f"http://{HOST}:{port}/api/ready", server, log)
        add_pages(Path(environment["PREFECT_UI_STATIC_DIRECTORY"]) / "v1")
        yield server


@contextmanager
def worker_of(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker on the work pool during the block."""
    with running([], environment, log, module="deployments.worker") as worker:
        yield worker


@contextmanager
def files_at(port: int, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the results server, to which the links in the UI lead, during the block."""
    with running(["--port", str(port)], environment, log, module="deployments.results_server") as files:
        wait_for(f"http://{HOST}:{port}/health", files, log)
        yield files


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise InputError(f"port {port}: {error}", hint="use another port: make serve PORT=4300") from error


def _stop(stop: threading.Event) -> None:
    if stop.is_set():
        return  # ending already: a second Ctrl-C must not leave processes behind
    stop.set()
    raise KeyboardInterrupt


def _wait(stop: threading.Event, children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Wait for `stop`; raise if a process has ended."""
    while not stop.wait(0.5):
        for name, child in children.items():
            if child.poll() is not None:
                raise SpatialCoreError(f"{name} has ended unexpectedly", hint="see its log beside server.log")


if __name__ == "__main__":
    main()
