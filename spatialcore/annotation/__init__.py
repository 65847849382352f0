"""The public API of the annotation: references, models and calls. Names are imported on first use."""

from spatialcore.core.lazy_imports import lazy_exports

_MODULES = {
    "acquisition": ("acquire_reference", "resolve_uri_to_local"),
    "annotate": ("annotate_celltypist",),
    "balance.subsample": ("subsample_balanced",),
    "calls.confidence": ("transform_confidence",),
    "config": ("TrainingConfig",),
    "explain.calls": ("explain_calls",),
    "run_config": ("Query", "Reference", "RunConfig"),
    "calls.level_columns": ("apply_threshold",),
    "calls.prediction_sets": ("add_prediction_sets",),
    "calls.filters": ("filter_low_confidence", "filter_low_count_types"),
    "loading": ("ensure_normalized", "load_adata_backed"),
    "markers": ("load_canonical_markers",),
    "model.artifact": ("CellTypingModel", "load_model"),
    "ontology": ("add_ontology_ids", "has_ontology_ids", "load_ontology_index"),
    "panel": ("get_panel_genes",),
    "patterns": ("CELL_TYPE_PATTERNS", "get_canonical_term"),
    "pipeline": ("train_and_annotate", "train_and_annotate_config"),
    "references.combine": ("DEFAULT_EXCLUDE_LABELS", "combine_references"),
    "spillover.purified": ("decontaminate",),
    "training.train": ("train_celltypist_model",),
}
_ELSEWHERE = {
    "spatialcore.sources": (
        "download_cellxgene_reference",
        "download_synapse_reference",
        "list_available_datasets",
        "query_cellxgene_census",
    ),
    "spatialcore.plotting": (
        "generate_annotation_plots",
        "plot_2d_validation",
        "plot_celltype_confidence",
        "plot_deg_heatmap",
        "plot_marker_dotplot",
        "plot_marker_heatmap",
        "plot_ontology_mapping",
    ),
}
__getattr__, __dir__, __all__ = lazy_exports(__name__, _MODULES, _ELSEWHERE)
