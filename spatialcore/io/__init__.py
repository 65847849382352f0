"""From the instrument's folder to the instrument's viewer: readers of platforms' output, writers of results."""

from importlib import import_module
from typing import Any

_HOME = {
    "read": ("read_spatial",),
    "formats": ("identify",),
    "write": ("write_annotated", "write_calls"),
    "explorer": ("write_explorer_groups",),
    "cellxgene": ("export_cellxgene",),
    "vitessce": ("write_vitessce",),
}
_MODULE_OF = {name: f"{__name__}.{module}" for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
