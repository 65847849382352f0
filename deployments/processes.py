"""Child processes that end with a ``with`` block, and whose output is shown when they fail."""

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

PATIENCE: Final = 20.0  # seconds from SIGTERM to SIGKILL, in which a run reports its end to the server


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
        The file for its output.
    module
        The module to run.
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
    """End a process and its children, with SIGTERM first, then with SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        if _ended(process):
            return


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path, patience: float = 180.0) -> None:
    """Wait until a URL answers.

    Raises
    ------
    SpatialCoreError
        The process ended first, or there was no answer in time.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SpatialCoreError(
                f"the server ended while starting:\n{_tail(log)}", hint=f"the complete output is in {log}"
            )
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            return
    raise SpatialCoreError(f"{url} did not answer within {patience:.0f} s", hint=f"see {log}")


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Wait for the process and its group; return whether all have ended."""
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
