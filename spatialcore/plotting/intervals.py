"""Confidence intervals of shares."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spatialcore.core.types import Floats

_Z: Final = 1.959963984540054  # 97.5 % quantile of the normal distribution


def wilson_interval(right: NDArray[np.integer], n: NDArray[np.integer]) -> tuple[Floats, Floats]:
    """Return the lower and upper ends of Wilson's 95 % interval of shares.

    Parameters
    ----------
    right, n
        Number of cells counted, and of all cells.

    Examples
    --------
    >>> low, high = wilson_interval(np.array([10]), np.array([100]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.055], [0.174])
    """
    z2 = _Z**2
    size = np.maximum(n, 1).astype(np.float64)
    share = right / size
    center = (share + z2 / (2 * size)) / (1 + z2 / size)
    half = np.sqrt(z2 * (share * (1 - share) / size + z2 / (4 * size**2))) / (1 + z2 / size)
    return np.maximum(center - half, 0.0), np.minimum(center + half, 1.0)
