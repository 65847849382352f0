"""Check that commit subjects have at most 72 characters, for a range of commits or a commit message.

``python tools/check_commit_subjects.py main..HEAD`` or ``--message FILE`` (used by the git hook ``commit-msg``).
"""

import argparse
import subprocess
import sys
from pathlib import Path

MAX_LENGTH = 72


def too_long(subjects: list[str]) -> list[str]:
    """Return a line of text for each subject of more than 72 characters.

    Examples
    --------
    >>> too_long(["Test models", "x" * 73])[0][:32]
    '73 characters, at most 72: xxxxx'
    """
    return [f"{len(text)} characters, at most {MAX_LENGTH}: {text}" for text in subjects if len(text) > MAX_LENGTH]


def subject_of(message: str) -> str:
    """Return the first line of a commit message that is not a comment."""
    return next((line for line in message.splitlines() if line.strip() and not line.startswith("#")), "")


def main() -> None:
    """Exit with the subjects that are too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commits", nargs="?", default="HEAD", help="a range such as main..HEAD")
    parser.add_argument("--message", type=Path, help="file with a commit message")
    options = parser.parse_args()
    if options.message is not None:
        subjects = [subject_of(options.message.read_text())]
    else:
        command = ["git", "log", "--no-merges", "--format=%s", options.commits]
        subjects = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    if problems := too_long(subjects):
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
