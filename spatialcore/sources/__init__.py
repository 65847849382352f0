"""Sources of references, one module per source; the URI scheme selects the source."""

from spatialcore.core.lazy_imports import lazy_exports

_MODULES = {
    "base": ("Source", "open_source"),
    "catalog": ("list_available_datasets",),
    "cellxgene": ("download_cellxgene_reference",),
    "census": ("query_cellxgene_census",),
    "synapse": ("download_synapse_reference",),
}
__getattr__, __dir__, __all__ = lazy_exports(__name__, _MODULES)
