"""Panel-specific cell typing for imaging-based spatial transcriptomics.

The public API is in :mod:`spatialcore.annotation`, :mod:`spatialcore.plotting`, :mod:`spatialcore.io` and
:mod:`spatialcore.sources`. The submodules are imported on first use: ``import spatialcore`` is enough.
:data:`spatialcore.settings` sets which messages are printed.
"""

from spatialcore._version import __version__
from spatialcore.core.lazy_imports import lazy_submodules
from spatialcore.core.settings import settings

_SUBMODULES = (
    "annotation",
    "core",
    "io",
    "plotting",
    "registry",
    "report",
    "simulate",
    "sources",
    "storage",
    "workflow",
)
__all__ = ["__version__", "settings"]
__getattr__, _submodule_names = lazy_submodules(__name__, _SUBMODULES)


def __dir__() -> list[str]:
    return sorted([*globals(), *_submodule_names()])
