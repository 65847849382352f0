"""Commands in the documentation are parsed by the command line."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from spatialcore.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in re.findall(r"```bash\n(.*?)```", page.read_text(), flags=re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                for part in re.split(r"&&|\|", line.split(" #")[0].split(">")[0]):
                    if part.strip().startswith("spatialcore "):
                        yield page.name, part.strip()


@pytest.mark.parametrize(("page", "line"), [*commands()])
def test_command_in_documentation_is_valid(page: str, line: str) -> None:
    command, words = typer.main.get_command(app), shlex.split(line)[1:]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    if words != ["--install-completion"]:
        command.make_context("spatialcore", words)


def test_readme_and_platform_pages_have_commands() -> None:
    pages = {page for page, _ in commands()}
    assert {"README.md", "xenium.md", "cosmx.md", "merscope.md", "spatialdata.md", "h5ad.md", "cli.md"} <= pages
