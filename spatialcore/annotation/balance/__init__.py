"""Balancing the training cells over types and sources."""

from spatialcore.core.lazy_imports import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {"subsample": ("subsample_balanced",)})
