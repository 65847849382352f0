"""Child processes that end with their parent's block, and whose output is at hand when they fail."""

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

PATIENCE: Final = 20.0  # seconds from SIGTERM to SIGKILL: time for a run to tell the server that it was ended


@contextmanager
def running(
    arguments: list[str], environment: Mapping[str, str], log: Path, module: str = "prefect"
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a session of its own; at the end of the block it and its children are ended.

    Parameters
    ----------
    arguments
        What follows ``python -m`` and the module.
    environment
        Set on top of this process's environment.
    log
        The file that takes its output.
    module
        What is run; nothing said: Prefect.
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
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children: asked first, then killed."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            return
        if _ended(process):
            return


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path, patience: float = 180.0) -> None:
    """Wait until an address answers.

    Raises
    ------
    SpatialCoreError
        The process ended before, or there was no answer in time.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SpatialCoreError(
                f"the server ended at its start:\n{_tail(log)}", hint=f"its whole output is in {log}"
            )
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            return
    raise SpatialCoreError(f"{url} did not answer within {patience:.0f} s", hint=f"see {log}")


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Wait for the process and for all its group; say whether nothing is left."""
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
