"""Where references come from: one file a source, found by the scheme of a URI."""

from spatialcore.core.doors import door

_HOME = {
    "base": ("Source", "open_source"),
    "catalog": ("list_available_datasets",),
    "cellxgene": ("download_cellxgene_reference",),
    "census": ("query_cellxgene_census",),
    "synapse": ("download_synapse_reference",),
}
__getattr__, __dir__, __all__ = door(__name__, _HOME)
