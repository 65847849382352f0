"""Where references come from: one file a source, found by the scheme of a URI."""

from importlib import import_module
from typing import Any

_HOME = {
    "base": ("Source", "open_source"),
    "catalog": ("list_available_datasets",),
    "cellxgene": ("download_cellxgene_reference",),
    "census": ("query_cellxgene_census",),
    "synapse": ("download_synapse_reference",),
}
_MODULE_OF = {name: f"{__name__}.{module}" for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
