"""From scores to calls: prediction, confidence, resolution and filters."""

from spatialcore.core.lazy_imports import lazy_exports

_MODULES = {
    "confidence": ("transform_confidence",),
    "filters": ("filter_low_confidence", "filter_low_count_types"),
}
__getattr__, __dir__, __all__ = lazy_exports(__name__, _MODULES)
