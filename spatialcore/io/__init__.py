"""Read the output of platforms, and write annotated data for viewers and portals."""

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
