"""Docstrings of the public API: their sections and examples."""

import ast
import doctest
import importlib
import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("spatialcore", "tasks", "flows", "deployments")
MODULES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
WITH_EXAMPLES = [path for path in MODULES if ">>> " in path.read_text()]
NAMES = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in WITH_EXAMPLES]


class Finder(doctest.DocTestFinder):
    """Finds the examples of decorated functions as well, whose globals are those of the decorator."""

    def _from_module(self, module: object, value: object) -> bool:
        plain = inspect.unwrap(value) if inspect.isfunction(value) else value
        return bool(super()._from_module(module, plain))  # type: ignore[misc]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_examples_of_a_module(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # the demo writes its data to HOME
    monkeypatch.chdir(tmp_path)
    module, runner = importlib.import_module(name), doctest.DocTestRunner()
    tests = Finder().find(module, name)
    for test in tests:
        runner.run(test)
    assert runner.failures == 0
    lines = Path(str(module.__file__)).read_text().splitlines()
    assert sum(len(test.examples) for test in tests) == sum(line.lstrip().startswith(">>> ") for line in lines)


PUBLIC = ("annotation", "annotation.ontology", "io", "plotting", "registry", "report", "sources", "storage")
NETWORK = {"download_cellxgene_reference", "download_synapse_reference", "query_cellxgene_census"}


def public_functions() -> dict[str, Callable[..., object]]:
    """Return the functions that the public packages export, or that ``spatialcore.registry`` defines."""
    functions = {}
    for package in PUBLIC:
        module = importlib.import_module(f"spatialcore.{package}")
        names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
        members = {name: getattr(module, name) for name in names}
        functions |= {
            name: member
            for name, member in members.items()
            if inspect.isfunction(member) and (package != "registry" or member.__module__ == module.__name__)
        }
    return functions


@pytest.mark.parametrize(("name", "function"), public_functions().items())
def test_public_functions_state_parameters_and_return_and_have_an_example(
    name: str, function: Callable[..., object]
) -> None:
    text = inspect.getdoc(function) or ""
    undocumented = inspect.signature(function).parameters.keys() - set(parameter_names(text))
    assert sorted(undocumented) == []
    returns = inspect.signature(function).return_annotation
    is_context = inspect.isgeneratorfunction(inspect.unwrap(function))
    assert "Returns\n-------" in text or returns in (None, "None") or is_context
    assert ">>> " in text
    assert ("+SKIP" not in text) or name in NETWORK | {"acquire_reference"}


def parameter_names(docstring: str) -> list[str]:
    """Return the names in the section "Parameters"."""
    section = re.search(r"Parameters\n-+\n(.*?)(?:\n\n[A-Z][A-Za-z ]+\n-{3,}|\Z)", docstring, re.DOTALL)
    lines = section.group(1).split("\n") if section else []
    names = [line.split(":")[0].split(",") for line in lines if line and not line.startswith(" ")]
    return [name.strip().lstrip("*") for group in names for name in group]


@pytest.mark.parametrize("package", ["spatialcore", "tasks", "flows", "deployments"])
def test_documented_parameters_exist(package: str) -> None:
    unknown = []
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                arguments += [each for each in (node.args.vararg, node.args.kwarg) if each]
                names = {argument.arg for argument in arguments}
                unknown += [
                    f"{path}:{name}" for name in parameter_names(ast.get_docstring(node) or "") if name not in names
                ]
    assert unknown == []


FLOWS = ("acquire_references", "annotate", "annotate_pending", "refresh_references", "train_and_annotate")


@pytest.mark.parametrize("name", FLOWS)
def test_flows_have_an_example_and_the_ui_shows_only_the_summary(name: str) -> None:
    flow = getattr(importlib.import_module(f"flows.{name}"), name)
    text = inspect.getdoc(flow.fn) or ""
    assert ">>> " in text
    assert flow.description == text.split("\n")[0]
    assert flow.parameters.properties["config"]["title"] == "config"
