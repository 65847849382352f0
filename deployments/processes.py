"""Child processes that end with a ``with`` block and whose log is quoted when they fail."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from spatialcore.errors import SpatialCoreError

PATIENCE: Final = 20.0  # seconds from SIGTERM to SIGKILL, so that a run can report its end to the server


@contextmanager
def running(
    arguments: list[str], environment: Mapping[str, str], log: Path, module: str = "prefect"
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in its own session; end it and its children at the end of the block.

    Parameters
    ----------
    arguments
        Arguments after ``python -m`` and the module.
    environment
        Added to the environment of this process.
    log
        The file to which its output is appended.
    module
        The module to run.

    Yields
    ------
    subprocess.Popen
        The process.
    """
    command = [sys.executable, "-m", module, *arguments]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        end(process)


def free_port() -> int:
    """Return a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children with SIGTERM, and with SIGKILL if they have not ended after 20 seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        if _wait_for_end(process):
            return


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path, patience: float = 180.0) -> None:
    """Wait until a URL responds.

    Parameters
    ----------
    url
        The URL.
    process, log
        The server, and the file with its output.
    patience
        Seconds to wait at most.

    Raises
    ------
    SpatialCoreError
        The process ended first, or there was no response in time.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SpatialCoreError(
                f"the server ended during its start:\n{_tail(log)}", hint=f"the complete output is in {log}"
            )
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            return
    raise SpatialCoreError(f"{url} did not respond within {patience:.0f} s", hint=f"see {log}")


def _wait_for_end(process: subprocess.Popen[bytes]) -> bool:
    """Wait for the process and its children; return whether all have ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        process.poll()
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
