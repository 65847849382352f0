"""Output streams of any encoding, closed streams, and signals that end a run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.workplace import ROOT, Workplace

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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_temporary_files_are_removed_after_a_signal(
    number: signal.Signals, workplace: Workplace, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "run", *map(str, workplace.arguments), "-o", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        cwd=ROOT,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("spatialcore-*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert not list(tmp_path.glob("spatialcore-*"))
