"""Export for CZ CELLxGENE Discover."""

from spatialcore.core.lazy_imports import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {"export": ("export_cellxgene",)})
