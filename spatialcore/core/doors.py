"""Packages whose names are imported when first used, so that the package itself costs nothing to import."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def door(
    package: str, home: Mapping[str, Sequence[str]], elsewhere: Mapping[str, Sequence[str]] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    Parameters
    ----------
    package
        The package's ``__name__``.
    home
        Module of the package -> the names it gives.
    elsewhere
        Module of any package -> the names it gives.
    """
    module_of = {name: f"{package}.{module}" for module, names in home.items() for name in names}
    module_of |= {name: module for module, names in (elsewhere or {}).items() for name in names}

    def get(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(module_of[name]), name)

    return get, lambda: sorted(module_of), sorted(module_of)
