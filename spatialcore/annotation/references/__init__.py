"""Labelled references: reading them, their labels and genes, and combining them."""

from spatialcore.core.lazy_imports import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {"combine": ("DEFAULT_EXCLUDE_LABELS", "combine_references")})
