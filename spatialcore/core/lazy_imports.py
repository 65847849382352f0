"""Import public names and submodules of a package on first use, so that importing the package is cheap."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any


def lazy_exports(
    package: str, modules: Mapping[str, Sequence[str]], elsewhere: Mapping[str, Sequence[str]] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package whose names are imported on first use.

    Parameters
    ----------
    package
        The package's ``__name__``.
    modules
        Module, relative to the package -> public names that it defines.
    elsewhere
        Absolute module name -> public names that it defines.
    """
    module_of = {name: f"{package}.{module}" for module, names in modules.items() for name in names}
    module_of |= {name: module for module, names in (elsewhere or {}).items() for name in names}

    def get_attribute(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(module_of[name]), name)

    return get_attribute, lambda: sorted(module_of), sorted(module_of)


def lazy_submodules(
    package: str, submodules: Sequence[str]
) -> tuple[Callable[[str], ModuleType], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package that imports its submodules on first use.

    Parameters
    ----------
    package
        The package's ``__name__``.
    submodules
        Names of the submodules, such as ``"annotation"``.
    """

    def get_submodule(name: str) -> ModuleType:
        if name not in submodules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return import_module(f"{package}.{name}")

    return get_submodule, lambda: sorted(submodules)
