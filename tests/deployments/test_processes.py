"""Child processes and their children end with the block, however they handle SIGTERM."""

import sys
import time
from pathlib import Path

import psutil
import pytest

from deployments import processes
from deployments.processes import free_port, running, wait_for
from spatialcore.errors import SpatialCoreError

PARENT = """
import signal, subprocess, sys, time
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def modules(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which the modules of the tests can be run."""
    (tmp_path / "parent.py").write_text(PARENT)
    (tmp_path / "broken.py").write_text("import sys; print('first line'); sys.exit('the reason')")
    return {"PYTHONPATH": str(tmp_path)}


@pytest.mark.parametrize("arguments", [[], ["stubborn"]], ids=["SIGTERM", "SIGKILL"])
def test_a_process_and_its_children_end_with_the_block(
    modules: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.5 if arguments else 20.0)
    log = tmp_path / "log"
    with running(arguments, modules, log, module="parent") as process:
        deadline = time.monotonic() + 30
        while not log.read_text().strip():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        child = psutil.Process(int(log.read_text()))
        assert process.poll() is None
    assert process.poll() is not None
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_the_log_of_a_server_that_ends_is_quoted(modules: dict[str, str], tmp_path: Path) -> None:
    with (
        running([], modules, tmp_path / "log", module="broken") as process,
        pytest.raises(
            SpatialCoreError, match="ended during its start:\nfirst line\nthe reason\n  -> the complete output"
        ),
    ):
        wait_for(f"http://127.0.0.1:{free_port()}", process, tmp_path / "log")


def test_waiting_for_a_server(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running([str(port), "--bind", "127.0.0.1"], {}, tmp_path / "log", module="http.server") as process:
        wait_for(url, process, tmp_path / "log", patience=30)
        with pytest.raises(SpatialCoreError, match="did not respond within 0 s"):
            wait_for(url.replace("127.0.0.1", "127.0.0.2"), process, tmp_path / "log", patience=0.4)
    assert sys.executable in process.args
