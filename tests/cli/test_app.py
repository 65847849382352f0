"""The application: help, version, completion, exit codes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.workplace import ROOT, Command


@pytest.mark.parametrize(
    ("typed", "completion"), [("spatialcore ex", "export"), ("spatialcore export --to vi", "vitessce")]
)
def test_completion_of_commands_and_choices(typed: str, completion: str) -> None:
    environment = {
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
        "_SPATIALCORE_COMPLETE": "complete_bash",
    }
    code = "import sys; sys.argv = ['spatialcore']; from spatialcore.cli import main; main()"
    outcome = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
        cwd=ROOT,
    )
    assert completion in outcome.stdout


COMMANDS = ["run", "inspect", "train", "annotate", "report", "export", "acquire", "models", "cache", "demo"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(spatialcore: Command, command: str) -> None:
    outcome = spatialcore(command, "--help")
    assert outcome.code == 0
    assert "Usage: " in outcome.out
    assert len(outcome.out) > 300


def test_help_lists_commands_and_exit_codes(spatialcore: Command) -> None:
    outcome = spatialcore("--help")
    assert all(command in outcome.out for command in COMMANDS)
    assert "75 temporary storage error" in " ".join(outcome.out.split())


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from spatialcore.cli.app import app; "
        "print([m for m in ('anndata', 'scanpy', 'pandas', 'numpy', 'matplotlib', 'prefect') if m in sys.modules])"
    )
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert outcome.stdout.strip() == "[]"


def test_version(spatialcore: Command) -> None:
    assert spatialcore("--version").out.strip().count(".") == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_of_each_shell(shell: str) -> None:
    environment = os.environ | {"_SPATIALCORE_COMPLETE": f"source_{shell}"}
    code = "import sys; sys.argv = ['spatialcore']; from spatialcore.cli import main; main()"
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment, cwd=Path.cwd()
    )
    assert "_SPATIALCORE_COMPLETE=complete_" in outcome.stdout


def test_unknown_option(spatialcore: Command) -> None:
    assert spatialcore("run", "--nonsense").code == 2
