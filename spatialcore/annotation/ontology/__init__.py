"""Mapping of labels to Cell Ontology terms, and the graph of these terms. Names are imported on first use."""

from spatialcore.core.lazy_imports import lazy_exports

_MODULES = {
    "hierarchy": ("coarsen", "current_id", "is_term", "name_of"),
    "index": ("load_ontology_index",),
    "mapping": ("add_ontology_ids", "has_ontology_ids"),
    "relations": (
        "ancestors",
        "depth",
        "descendants",
        "distance",
        "is_a",
        "lowest_common_ancestor",
    ),
    "result": ("MappingResult",),
}
__getattr__, __dir__, __all__ = lazy_exports(__name__, _MODULES)
