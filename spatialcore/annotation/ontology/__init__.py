"""Mapping of labels to Cell Ontology terms, and the graph of these terms. Names are imported on first use."""

from spatialcore.core.lazy_imports import lazy_exports

_MODULES = {
    "hierarchy": (
        "ancestors",
        "coarsen",
        "current_id",
        "depth",
        "descendants",
        "distance",
        "is_a",
        "is_term",
        "lowest_common_ancestor",
        "name_of",
    ),
    "index": ("load_ontology_index",),
    "mapping": ("add_ontology_ids", "has_ontology_ids"),
    "result": ("MappingResult",),
}
__getattr__, __dir__, __all__ = lazy_exports(__name__, _MODULES)
