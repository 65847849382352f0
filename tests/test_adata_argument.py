"""Public functions of annotated data refuse other values, with a hint for their type."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spatialcore.errors import InputError

PACKAGES = (
    "spatialcore.annotation",
    "spatialcore.plotting",
    "spatialcore.io",
    "spatialcore.report",
    "spatialcore.core.utils",
)


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public functions whose first parameter is ``adata``."""
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value) and next(iter(inspect.signature(value).parameters), "") == "adata":
                yield f"{package}.{name}", value


FUNCTIONS = dict(functions())


def test_functions_are_collected() -> None:
    assert len(FUNCTIONS) > 30


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@pytest.mark.parametrize(
    ("value", "description", "hint"),
    [
        ("cells.h5ad", "adata is the path 'cells.h5ad'", "read_spatial('cells.h5ad')"),
        (Path("cells.h5ad"), "adata is the path 'cells.h5ad'", "read_spatial"),
        (None, "adata is of type NoneType", "pass an AnnData"),
        (SimpleNamespace(tables={}), "adata is of type SimpleNamespace", "pass a table of the SpatialData"),
    ],
    ids=["text", "path", "none", "spatialdata"],
)
def test_other_values_are_refused(name: str, value: object, description: str, hint: str) -> None:
    function = FUNCTIONS[name]
    others = [parameter for parameter in inspect.signature(function).parameters.values() if parameter.name != "adata"]
    required = {each.name: "x" for each in others if each.default is each.empty and each.kind is not each.VAR_KEYWORD}
    for call in (lambda: function(value, **required), lambda: function(adata=value, **required)):
        with pytest.raises(InputError) as error:
            call()
        assert description in error.value.message
        assert hint in error.value.hint
