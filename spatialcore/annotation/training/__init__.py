"""Training: the query's platform, the two trainers, and cross-validation."""

from spatialcore.core.lazy_imports import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {"train": ("train_celltypist_model",)})
