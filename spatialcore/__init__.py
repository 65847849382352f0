"""Panel-specific cell typing for imaging-based spatial transcriptomics.

The doors are :mod:`spatialcore.annotation`, :mod:`spatialcore.plotting` and :mod:`spatialcore.io`.
"""

from spatialcore._version import __version__

__all__ = ["__version__"]
