"""The check of commit subjects, for a message and for a range of commits."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "tools" / "check_commit_subjects.py"


def check(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("length", "code"), [(72, 0), (73, 1)])
def test_message(tmp_path: Path, length: int, code: int) -> None:
    (tmp_path / "message").write_text("# a comment of git\n" + "x" * length + "\n\n" + "a long line of the body " * 9)
    outcome = check("--message", tmp_path / "message", cwd=tmp_path)
    assert outcome.returncode == code
    assert (f"{length} characters, at most 72" in outcome.stderr) is bool(code)


def test_range_of_commits(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-b", "main")
    for subject in ("y" * 80, "Add a file", "z" * 90):
        git("commit", "--allow-empty", "-m", subject)
    assert check("HEAD~1", cwd=tmp_path).stderr.split()[0] == "80"
    outcome = check("HEAD~2..HEAD", cwd=tmp_path)
    assert (outcome.returncode, outcome.stderr.split()[0], "yyy" in outcome.stderr) == (1, "90", False)
    assert check("HEAD~2..HEAD~1", cwd=tmp_path).returncode == 0
