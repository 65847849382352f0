"""Figures that let a biologist judge an annotation. Names are imported when first used."""

from spatialcore.core.doors import door

_HOME = {
    "confidence": ("plot_celltype_confidence",),
    "dotplot": ("plot_marker_dotplot",),
    "generate": ("generate_annotation_plots",),
    "heatmap": ("plot_deg_heatmap", "plot_marker_heatmap"),
    "ontology": ("plot_ontology_mapping",),
    "validation": ("plot_2d_validation",),
}
__getattr__, __dir__, __all__ = door(__name__, _HOME)
