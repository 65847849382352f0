"""Simulated sections of known truth, to test methods for spatial data."""

from spatialcore.core.lazy_imports import lazy_exports

_MODULES = {"sections": ("section",), "layouts": ("LAYOUTS",)}
__getattr__, __dir__, __all__ = lazy_exports(__name__, _MODULES)
