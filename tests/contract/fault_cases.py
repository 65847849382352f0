"""Helpers of the fault tests: permanent faults, a small disk, and a killed process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contract import faulty_proxy as proxy
from tests.contract.faulty_proxy import Act

SIZE = 600_000
PERMANENT_FAULTS: dict[str, tuple[Act, str]] = {
    "403 AccessDenied": (proxy.status(403, "AccessDenied"), "AWS_ACCESS_KEY_ID"),
    "expired token": (proxy.status(400, "ExpiredToken", "The provided token has expired."), "expired"),
    "clock skew": (proxy.status(403, "RequestTimeTooSkewed"), "clock"),
}


def run_and_kill(code: str, ready: Callable[[], bool]) -> None:
    """Run Python code in a subprocess and kill it with SIGKILL when it is ready."""
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ.copy(), stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(600):
            if ready():
                break
            assert process.poll() is None, f"the process ended before it could be killed: {process.communicate()[1]}"
            time.sleep(0.05)
        else:
            pytest.fail("the process was not ready to be killed in time")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """Mount a file system of this size; skip the test if that is not possible."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root, and does not work in every container")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
