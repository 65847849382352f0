"""Array types that the signatures of the package share."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Real numbers: scores, totals, coordinates."""

Ints = NDArray[np.int64]
"""Positions of rows or columns, and numbers of cells."""

Codes = NDArray[np.signedinteger[Any]]
"""Class codes, -1 for no class; of any width, because pandas and scikit-learn choose their own."""

Transform = Callable[[NDArray[Any]], NDArray[Any]]
"""A function applied to each value of an array."""
