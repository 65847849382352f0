"""From the instrument's folder to the instrument's viewer: readers of platforms' output, writers of results."""

from spatialcore.core.doors import door

_HOME = {
    "read": ("read_spatial",),
    "formats": ("identify",),
    "write": ("write_annotated", "write_calls"),
    "explorer": ("write_explorer_groups",),
    "cellxgene": ("export_cellxgene",),
    "vitessce": ("write_vitessce",),
}
__getattr__, __dir__, __all__ = door(__name__, _HOME)
