"""A trained model: its files, its scores and its calibration."""

from spatialcore.core.lazy_imports import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {"artifact": ("CellTypingModel", "load_model")})
