"""From the instrument's folder to the instrument's viewer: readers of platforms' output, writers of results."""

from spatialcore.core.lazy_imports import lazy_exports

_MODULES = {
    "read": ("read_spatial",),
    "formats": ("identify",),
    "write": ("write_annotated", "write_calls"),
    "explorer": ("write_explorer_groups",),
    "cellxgene.export": ("export_cellxgene",),
    "vitessce.folder": ("write_vitessce",),
}
__getattr__, __dir__, __all__ = lazy_exports(__name__, _MODULES)
