"""Labels to Cell Ontology terms, and the graph of these terms."""

from spatialcore.annotation.ontology.coarsening import coarsen
from spatialcore.annotation.ontology.curated import has_ontology_ids
from spatialcore.annotation.ontology.hierarchy import (
    ancestors,
    current_id,
    depth,
    descendants,
    distance,
    is_a,
    is_term,
    lowest_common_ancestor,
    name_of,
)
from spatialcore.annotation.ontology.index import load_ontology_index
from spatialcore.annotation.ontology.mapping import add_ontology_ids
from spatialcore.annotation.ontology.result import MappingResult

__all__ = [
    "MappingResult",
    "add_ontology_ids",
    "ancestors",
    "coarsen",
    "current_id",
    "depth",
    "descendants",
    "distance",
    "has_ontology_ids",
    "is_a",
    "is_term",
    "load_ontology_index",
    "lowest_common_ancestor",
    "name_of",
]
