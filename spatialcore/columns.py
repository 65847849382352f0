"""Names of columns, keys and values that this package writes into an AnnData.

Columns of ``obs`` have the names of the CELLxGENE schema if it defines them.
"""

from typing import Final

# obs of the query
CELL_TYPE: Final = "cell_type"
PREDICTED: Final = "cell_type_predicted"
CONFIDENCE: Final = "cell_type_confidence"
CONFIDENCE_RAW: Final = "cell_type_confidence_raw"
ONTOLOGY_ID: Final = "cell_type_ontology_term_id"
ONTOLOGY_LABEL: Final = "cell_type_ontology_label"
UNASSIGNED_REASON: Final = "cell_type_unassigned_reason"
CALL_COLUMNS: Final = (
    CELL_TYPE,
    PREDICTED,
    CONFIDENCE,
    CONFIDENCE_RAW,
    ONTOLOGY_ID,
    ONTOLOGY_LABEL,
    UNASSIGNED_REASON,
)

# obs of the combined reference
ORIGINAL_LABEL: Final = "original_label"
REFERENCE_SOURCE: Final = "reference_source"
REFERENCE_DONOR: Final = "reference_donor"
UNIFIED_CELL_TYPE: Final = "unified_cell_type"

# obsm, layers, uns
DECISION_SCORES: Final = "cell_type_decision_scores"
SPATIAL: Final = "spatial"
COUNTS: Final = "counts"
MANIFEST: Final = "spatialcore_annotation"
SOURCE: Final = "spatialcore_source"
REFERENCES_MANIFEST: Final = "spatialcore_references"

# values
UNASSIGNED: Final = "Unassigned"
LOW_COUNT: Final = "Low_count"
REASON_LOW_CONFIDENCE: Final = "low_confidence"
REASON_NO_COUNTS: Final = "no_counts"
REASON_LOW_COUNT_TYPE: Final = "low_count_type"
