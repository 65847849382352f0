"""Tests mirror the code: ``package/path/module.py`` is tested by ``tests/path/test_module.py``.

For the library the leading ``spatialcore`` is left out: ``spatialcore/io/write.py`` is tested by
``tests/io/test_write.py``, ``tasks/retries.py`` by ``tests/tasks/test_retries.py``.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("spatialcore", "tasks", "flows", "deployments")

# Modules without their own test file, and where they are tested. Remove a line when the file exists.
EXCEPTIONS: dict[str, str] = {
    "spatialcore._version": "a constant; tests/cli/test_app.py prints it",
    "spatialcore.core.compressed": "tests/core/test_matrix.py compares all storages with scipy",
    "spatialcore.core.dense": "tests/core/test_matrix.py compares all storages with scipy",
    "spatialcore.core.types": "type aliases and protocols only",
    "spatialcore.registry.model_versions": "tests/contract/test_registry.py runs it on every store",
    "spatialcore.registry.promotion": "tests/contract/test_registry.py runs it on every store",
    "spatialcore.registry.publication": "tests/contract/test_registry.py runs it on every store",
    "spatialcore.sources.census": "tests/contract/test_census.py queries a small Census",
    "spatialcore.sources.census_cells": "tests/contract/test_census.py queries a small Census",
    "spatialcore.sources.census_release": "tests/contract/test_census.py queries a small Census",
    "spatialcore.sources.synapse": "tests/contract/test_synapse.py runs it against a server",
}


def modules() -> dict[str, Path]:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    relative = [path.relative_to(ROOT) for path in paths if path.name not in {"__init__.py", "__main__.py"}]
    return {".".join(path.with_suffix("").parts): mirror(path) for path in relative}


def mirror(path: Path) -> Path:
    folders = path.parts[1:-1] if path.parts[0] == "spatialcore" else path.parts[:-1]
    return ROOT / "tests" / Path(*folders) / f"test_{path.name}"


def test_every_module_has_a_mirror_test() -> None:
    modules_without_test = {name for name, test in modules().items() if not test.is_file()}
    assert sorted(modules_without_test - EXCEPTIONS.keys()) == []


def test_list_of_exceptions_is_up_to_date() -> None:
    modules_with_test = {name for name, test in modules().items() if test.is_file()}
    assert sorted(EXCEPTIONS.keys() & modules_with_test) == []
    assert sorted(EXCEPTIONS.keys() - modules().keys()) == []
