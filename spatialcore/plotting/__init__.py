"""Plots of annotations. Names are imported on first use."""

from spatialcore.core.lazy_imports import lazy_exports

_MODULES = {
    "figures.confidence": ("plot_celltype_confidence",),
    "figures.dotplot": ("plot_marker_dotplot",),
    "annotation_plots": ("generate_annotation_plots",),
    "figures.heatmap": ("plot_deg_heatmap", "plot_marker_heatmap"),
    "figures.ontology": ("plot_ontology_mapping",),
    "figures.validation": ("plot_2d_validation",),
}
__getattr__, __dir__, __all__ = lazy_exports(__name__, _MODULES)
