"""Figures that let a biologist judge an annotation. Names are imported when first used."""

from importlib import import_module
from typing import Any

_HOME = {
    "confidence": ("plot_celltype_confidence",),
    "dotplot": ("plot_marker_dotplot",),
    "generate": ("generate_annotation_plots",),
    "heatmap": ("plot_deg_heatmap", "plot_marker_heatmap"),
    "ontology": ("plot_ontology_mapping",),
    "validation": ("plot_2d_validation",),
}
_MODULE_OF = {name: f"{__name__}.{module}" for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
