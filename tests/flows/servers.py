"""A Prefect server that tests can kill and restart, and a Postgres server for its data."""

import getpass
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployments.processes import free_port

QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PREFECT_UI_ENABLED": "false"}
START_TIMEOUT = 240  # seconds


class Server:
    """A Prefect server in a separate process, always on the same port and data."""

    def __init__(self, home: Path, database: str = "") -> None:
        self.port = free_port()
        self.home = home
        self.environment = {**os.environ, **QUIET, "PREFECT_HOME": str(home)}
        self.environment.pop("PREFECT_API_URL", None)
        self.environment.pop("PREFECT_API_DATABASE_CONNECTION_URL", None)
        if database:
            self.environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def start(self) -> None:
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            assert self.process.poll() is None, (self.home / "server.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.5)

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.api}/health", timeout=2).close()
        except OSError:
            return False
        return True


def postgres_folder() -> Path | None:
    """Return the folder with Postgres's programs, which are not on the PATH in Debian."""
    program = shutil.which("pg_ctl") or next(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))), None)
    return Path(program).resolve().parent if program else None


@dataclass(frozen=True)
class Postgres:
    """A temporary Postgres server, which can be stopped and restarted on the same port and data."""

    address: str
    stop_at_once: Callable[[], None]
    start: Callable[[], None]


@contextmanager
def postgres_address(programs: Path) -> Iterator[str]:
    """Run a Postgres server until the block ends and yield its address for Prefect; it never runs as root."""
    with postgres_server(programs) as database:
        yield database.address


@contextmanager
def postgres_server(programs: Path) -> Iterator[Postgres]:
    """Run a Postgres server until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="spatialcore-postgres-"))
    user = None if os.geteuid() else "postgres"
    if user:
        shutil.chown(folder, user)
    name, port, data = user or getpass.getuser(), free_port(), str(folder / "data")

    def run(program: str, *options: str) -> None:
        command = [str(programs / program), *options]
        subprocess.run(command, user=user, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    run("initdb", "--auth=trust", "--no-sync", f"--username={name}", "-D", data)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"

    def start() -> None:
        run("pg_ctl", "-w", "-D", data, "-l", str(folder / "log"), "-o", options, "start")

    def stop() -> None:
        run("pg_ctl", "-w", "-m", "immediate", "-D", data, "stop")

    start()
    try:
        yield Postgres(f"postgresql+asyncpg://{name}@127.0.0.1:{port}/postgres", stop, start)
    finally:
        stop()
        shutil.rmtree(folder)
