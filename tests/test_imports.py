"""Imports go in one direction, and importing the library is fast."""

import ast
import importlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Package -> the packages that it may import.
LIBRARY_BASE = {
    "spatialcore.core",
    "spatialcore.columns",
    "spatialcore.errors",
    "spatialcore._version",
    "spatialcore.data",
}
MIDDLE = {"spatialcore.annotation", "spatialcore.plotting", "spatialcore.report", "spatialcore.io"}
BELOW_MIDDLE = {"spatialcore.storage", "spatialcore.sources"}
MAY_IMPORT: dict[str, set[str]] = {
    "spatialcore.core": LIBRARY_BASE,
    "spatialcore.storage": LIBRARY_BASE,
    "spatialcore.sources": LIBRARY_BASE | {"spatialcore.storage"},
    "spatialcore.registry": LIBRARY_BASE | {"spatialcore.storage"},
    **dict.fromkeys(MIDDLE, LIBRARY_BASE | MIDDLE | BELOW_MIDDLE),
    "spatialcore.workflow": LIBRARY_BASE | MIDDLE | BELOW_MIDDLE,
    "spatialcore.simulate": LIBRARY_BASE | {"spatialcore.annotation"},
    "spatialcore.demo": LIBRARY_BASE | {"spatialcore.annotation"},
}
OUTER = (
    "spatialcore",
    "tasks",
    "flows",
    "deployments",
)  # each may import itself and those before it


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_within(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def sources(package: str) -> list[Path]:
    path = ROOT / package.replace(".", "/")
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


@pytest.mark.parametrize("package", OUTER)
def test_outer_packages_import_only_inwards(package: str) -> None:
    forbidden = set(OUTER[OUTER.index(package) + 1 :])
    violations = [
        (path.name, name) for path in sources(package) for name in imported_modules(path) if is_within(name, forbidden)
    ]
    assert violations == []


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_packages_of_the_library_import_in_one_direction(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    violations = [
        (path.name, name)
        for path in sources(package)
        for name in imported_modules(path)
        if name.startswith("spatialcore.") and not is_within(name, allowed)
    ]
    assert violations == []


def test_the_library_never_imports_prefect() -> None:
    assert [
        path for path in sources("spatialcore") if any(is_within(n, {"prefect"}) for n in imported_modules(path))
    ] == []


def test_annotation_does_not_import_the_packages_above_it() -> None:
    packages_above = {"spatialcore.plotting", "spatialcore.report", "spatialcore.io"}
    modules = [
        path
        for path in sources("spatialcore.annotation")
        if path.parent.name != "stages" and path.name != "__init__.py"
    ]
    assert [(path.name, n) for path in modules for n in imported_modules(path) if is_within(n, packages_above)] == []


def run(code: str) -> str:
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return process.stdout.strip()


def test_import_is_fast_and_loads_no_heavy_package() -> None:
    code = (
        "import time, sys; start = time.process_time(); import spatialcore, spatialcore.annotation;"
        "print(time.process_time() - start, *({'prefect', 'scanpy', 'matplotlib', 'celltypist'} & set(sys.modules)))"
    )
    seconds, *heavy = run(code).split()
    assert heavy == []
    assert float(seconds) < 1.0


def test_every_public_name_exists() -> None:
    run("import spatialcore.annotation as a; [getattr(a, name) for name in a.__all__]")


@pytest.mark.parametrize("package", ["annotation", "io", "plotting", "sources"])
def test_editors_and_type_checkers_see_every_public_name(package: str) -> None:
    stub = ROOT / "spatialcore" / package / "__init__.pyi"
    names = {alias.asname for node in ast.parse(stub.read_text()).body for alias in getattr(node, "names", [])}
    assert names == set(importlib.import_module(f"spatialcore.{package}").__all__)


def test_library_tasks_and_flows_are_importable_from_any_folder(tmp_path: Path) -> None:
    code = "import spatialcore, tasks, flows, deployments"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def import_graph() -> dict[str, set[str]]:
    """Return module -> all modules of this project that it imports, including type-only imports."""
    paths = {module_name(path): path for package in OUTER for path in sources(package)}
    graph = {}
    for module, path in paths.items():
        names = set(imported_modules(path)) & paths.keys()
        # "from package import module" also imports the package
        packages = {name for name in names if any(other.startswith(f"{name}.") for other in names)}
        graph[module] = names - packages - {module}
    return graph


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    visited: set[str] = set()
    queue = [start]
    while queue:
        new = graph[queue.pop()] - visited
        visited |= new
        queue.extend(new)
    return visited


def test_modules_import_each_other_in_one_direction() -> None:
    graph = import_graph()
    targets = {module: reachable(graph, module) for module in graph}
    cycles = sorted(module for module in graph if module in targets[module])
    assert cycles == []


@pytest.mark.parametrize("package", OUTER)
def test_no_folder_has_more_than_twenty_modules(package: str) -> None:
    modules = Counter(path.parent for path in sources(package) if path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): n for folder, n in modules.items() if n > 20} == {}
