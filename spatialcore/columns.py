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
UNSEEN_SCORE: Final = "cell_type_unseen_score"
PATH: Final = "cell_type_path"
LEVELS: Final = ("cell_type_level_1", "cell_type_level_2", "cell_type_level_3")
LEVEL_CONFIDENCE: Final = tuple(f"{level}_confidence" for level in LEVELS)
LEVEL_COLUMNS: Final = (PATH, *LEVELS, *LEVEL_CONFIDENCE)
TERM_SET: Final = "cell_type_set"
TERM_SET_ANCESTOR: Final = "cell_type_set_ancestor"
UNKNOWN_GROUP: Final = "cell_type_unknown_group"
FOREIGN_SHARE: Final = "foreign_share"
FOREIGN_SHARE_NULL: Final = "foreign_share_null"
SECOND_TYPE: Final = "second_type"
SECOND_TYPE_SHARE: Final = "second_type_share"
SPILL_OVER_COLUMNS: Final = (FOREIGN_SHARE, FOREIGN_SHARE_NULL, SECOND_TYPE, SECOND_TYPE_SHARE)
CALL_COLUMNS: Final = (
    CELL_TYPE,
    PREDICTED,
    CONFIDENCE,
    CONFIDENCE_RAW,
    ONTOLOGY_ID,
    ONTOLOGY_LABEL,
    UNASSIGNED_REASON,
    UNSEEN_SCORE,
    *LEVEL_COLUMNS,
    TERM_SET,
    TERM_SET_ANCESTOR,
    UNKNOWN_GROUP,
    *SPILL_OVER_COLUMNS,
)
TAXONOMY: Final = "cell_type_taxonomy_"  # and the name of a level of the reference's taxonomy

# obs of the pooled queries
QUERY_SAMPLE: Final = "spatialcore_query_sample"

# obs of the combined reference
ORIGINAL_LABEL: Final = "original_label"
REFERENCE_SOURCE: Final = "reference_source"
REFERENCE_DONOR: Final = "reference_donor"
REFERENCE_LEVEL: Final = "reference_level_"  # and the name of a level of the reference's taxonomy
REFERENCE_KIND: Final = "reference_kind"
UNIFIED_CELL_TYPE: Final = "unified_cell_type"

# obsm, layers, uns
DECISION_SCORES: Final = "cell_type_decision_scores"
PATH_CONFIDENCE: Final = "cell_type_path_confidence"
SPATIAL: Final = "spatial"
COUNTS: Final = "counts"
MANIFEST: Final = "spatialcore_annotation"
SOURCE: Final = "spatialcore_source"
LINEAR_MODEL: Final = "spatialcore_linear_model"
REFERENCES_MANIFEST: Final = "spatialcore_references"

# values
UNASSIGNED: Final = "Unassigned"
LOW_COUNT: Final = "Low_count"
KIND_CELLS: Final = "cells"
KIND_PROFILES: Final = "profiles"
REASON_LOW_CONFIDENCE: Final = "low_confidence"
REASON_NO_COUNTS: Final = "no_counts"
REASON_LOW_COUNT_TYPE: Final = "low_count_type"
REASON_MIXED: Final = "mixed"
