"""Links, names, commands and errors in the documentation exist."""

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")
TEST = re.compile(r"`((?:tests/)?(?:\w+/)*test_\w+\.py)`")
COMMAND = re.compile(r"^(?:    )?spatialcore ((?:[^\n\\]|\\\n)+)", re.MULTILINE)
IMPORT = re.compile(r"^from ((?:spatialcore|flows|tasks|deployments)[\w.]*) import ([\w, ]+)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_exist(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_tests_exist(page: Path) -> None:
    """A name is a path, or the end of a path in a table of a folder."""
    names = TEST.findall(page.read_text())
    missing = [name for name in names if not [*(ROOT / "tests").rglob(name.removeprefix("tests/"))]]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_names_in_examples_exist(page: Path) -> None:
    import importlib

    for module, names in IMPORT.findall(page.read_text()):
        result = importlib.import_module(module)
        assert [name.strip() for name in names.split(",") if not hasattr(result, name.strip())] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_of_commands_exist(page: Path) -> None:
    from typer.main import get_command

    from spatialcore.cli.app import app

    for line in COMMAND.findall(page.read_text()):
        words = re.split(r"#|&&|>", line)[0].replace("\\\n", " ").split()
        options: set[str] = set()
        command: Any = get_command(app)
        for word in words:
            command = getattr(command, "commands", {}).get(word, command)
        for parameter in command.params:
            options |= {*parameter.opts, *parameter.secondary_opts}
        assert [word for word in words if word.startswith("--") and word not in options] == [], line


CONSTANT = re.compile(r"^\| ([\w.]+) \| ([A-Z_]+) \| (.+?) \|", re.MULTILINE)


def test_constants_of_the_confidence_are_those_of_the_code() -> None:
    import importlib

    rows = CONSTANT.findall((ROOT / "docs/how-to/confidence-formulas.md").read_text())
    assert len(rows) >= 25
    for module, name, value in rows:
        assert str(getattr(importlib.import_module(f"spatialcore.{module}"), name)) == value, f"{module}.{name}"


@pytest.mark.parametrize("page", ["docker/Dockerfile", "docs/operations.md"])
def test_server_settings_are_those_of_serve(page: str) -> None:
    from deployments.environment import SERVER

    text = (ROOT / page).read_text()
    assert [name for name, value in SERVER.items() if f"{name}={value}" not in text] == []


def test_names_in_the_architecture_exist() -> None:
    import importlib

    text = (ROOT / "docs" / "architecture.md").read_text()
    for name in re.findall(r"`((?:spatialcore|tasks|flows|deployments)(?:\.\w+)+)`", text):
        module, _, attribute = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), attribute), name
    for path in re.findall(r"`((?:annotation|storage|tasks|flows|tests)/[\w/]*\w\.(?:py|c))`", text):
        assert (ROOT / path).exists() or (ROOT / "spatialcore" / path).exists(), path


def test_the_list_of_modules_has_every_module_with_its_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    monkeypatch.syspath_prepend(ROOT / "docs" / "_ext")
    module_list = importlib.import_module("module_list")
    for package in re.findall(r"{module-list} (\w+)", (ROOT / "docs" / "modules.md").read_text()):
        lines = list(module_list.list_modules(ROOT / package))
        modules = [path.name for path in (ROOT / package).rglob("*.py") if not path.name.startswith("_")]
        assert sorted(re.findall(r"^  - `(\w+\.py)`: \S", "\n".join(lines), re.MULTILINE)) == sorted(modules)


@pytest.mark.parametrize(
    ("page", "module"),
    [
        ("annotation", "spatialcore.annotation"),
        ("plotting", "spatialcore.plotting"),
        ("plotting", "spatialcore.report"),
        ("io", "spatialcore.io"),
        ("sources", "spatialcore.sources"),
        ("utils", "spatialcore.core.utils"),
        ("utils", "spatialcore.errors"),
        ("storage", "spatialcore.storage"),
    ],
)
def test_every_public_name_is_in_the_api_reference(page: str, module: str) -> None:
    import importlib

    text = (ROOT / "docs" / "api" / f"{page}.md").read_text()
    loaded = importlib.import_module(module)
    names = getattr(loaded, "__all__", None) or [name for name in vars(loaded) if name.endswith("Error")]
    elsewhere = set(importlib.import_module("spatialcore.plotting").__all__) if page == "annotation" else set()
    elsewhere |= set(importlib.import_module("spatialcore.sources").__all__) if page == "annotation" else set()
    assert [name for name in names if name not in elsewhere and not re.search(rf"\b{name}\b", text)] == []


def test_every_figure_is_in_the_gallery() -> None:
    plotted_names = set(
        re.findall(r"^(?:\w+, \w+ = |\w+ = )?(\w+)\(", (ROOT / "docs" / "gallery.md").read_text(), re.MULTILINE)
    )
    plot_functions = {
        name
        for path in (ROOT / "spatialcore" / "plotting").rglob("*.py")
        for name in re.findall(r"^def (plot_\w+)\(", path.read_text(), re.MULTILINE)
    } - {"plot_paths"}  # names of files
    assert len(plot_functions) >= 15
    assert plot_functions - plotted_names == set()
    assert {"generate_annotation_plots", "write_report", "write_cohort", "explain_calls"} <= plotted_names


ERROR_TABLE = (
    "Cannot safely normalize data",
    "No shared genes found",
    "Label column not found",
    "No ontology match",
    "No marker genes found in data",
    "majority_voting=True requires a valid cluster column",
    "batch_size requires majority_voting=False",
    "Cannot prepare data for CellTypist",
    "Gene subset requires re-normalization",
    "ImportError: cellxgene-census",
    "ImportError: boto3",
    "ImportError: google-cloud-storage",
)
"""The errors of the specification's table."""


@pytest.mark.parametrize("message", ERROR_TABLE)
def test_each_error_of_the_specification_is_in_the_faq(message: str) -> None:
    assert message in (ROOT / "docs" / "faq.md").read_text()


OTHER_ROWS = ("message", "---", "ImportError", "exit", "Gene subset")  # headers, other packages, version 0.5.4
EXAMPLES = re.compile(r"\.\.\.|\(.*?\)|\b(?:\d+|human|mouse|lung|ref|brain)\b")


def test_errors_in_the_faq_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "faq.md").read_text()
    code = "".join(path.read_text() for path in (ROOT / "spatialcore").rglob("*.py"))
    code = re.sub(r'"\s+f?"', "", code)  # messages that span several lines
    rows = [line.split("|")[1].strip() for line in text[text.index("### Data") :].splitlines() if line.startswith("| ")]
    messages = [row.removeprefix("StorageError: ") for row in rows if not row.startswith(OTHER_ROWS)]
    assert len(messages) > 25
    longest = [max((part.strip(" ,:") for part in EXAMPLES.split(message)), key=len) for message in messages]
    assert [part for part in longest if part not in code] == []
