"""Output streams of any encoding, closed streams, and signals that end a run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.workplace import ROOT, Command, Workplace

CODE = "import sys; sys.argv = ['spatialcore', *sys.argv[1:]]; from spatialcore.cli import main; main()"


def test_an_encoding_without_the_characters(workplace: Workplace) -> None:
    outcome = subprocess.run(
        [sys.executable, "-c", CODE, "inspect", workplace.query],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        cwd=ROOT,
    )
    assert outcome.returncode == 0
    assert b"yes, in \\xb5m" in outcome.stdout


def test_a_closed_output(workplace: Workplace) -> None:
    outcome = subprocess.run(
        ["bash", "-c", 'exec "$@" >&-', "bash", sys.executable, "-c", CODE, "inspect", str(workplace.query)],
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert (outcome.returncode, outcome.stderr) == (0, b"")


WAITING = """
import tempfile, time
from spatialcore.cli.process import stop_cleanly
stop_cleanly()
with tempfile.TemporaryDirectory(prefix="spatialcore-"):
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_temporary_files_are_removed_after_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=subprocess.PIPE, env=environment, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert list(tmp_path.glob("spatialcore-*"))
        process.send_signal(number)
        process.wait(timeout=60)
    assert process.returncode == 128 + number
    assert not list(tmp_path.glob("spatialcore-*"))


def test_an_interrupt_is_reported(spatialcore: Command, workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("spatialcore.workflow.inspect.inspect_data", interrupted)
    outcome = spatialcore("inspect", workplace.query)
    assert outcome.code == 130
    assert outcome.err.startswith("interrupted")
