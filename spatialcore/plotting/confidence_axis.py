"""An axis for confidence that spreads the values near 1: its unit is the logit."""

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import expit, logit

from spatialcore.core.types import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP: Final = 0.999  # higher values are spread at random between it and the end of the axis
_LIMITS: Final = (0.005, 0.9998)
TICKS: Final = (0.01, 0.1, 0.5, 0.8, 0.9, 0.95, 0.99, TOP)
LONG_TICKS: Final = (0.01, 0.1, 0.5, 0.8, 0.95, 0.99, TOP)  # for axes that begin near 0
FEW_TICKS: Final = (0.01, 0.1, 0.5, 0.9, 0.99, TOP)  # for narrow axes
TOP_CENTER: Final = float(expit((logit(TOP) + logit(_LIMITS[1])) / 2))


def set_up_confidence_axis(axes: "Axes", minimum: float, *, ticks: tuple[float, ...] = TICKS) -> None:
    """Scale the x axis by the logit, from a confidence to 1."""
    axes.set_xscale("function", functions=(_forward, expit))
    low = max(minimum, _LIMITS[0])
    labels = tick_labels(minimum, ticks)
    axes.set_xticks(list(labels), list(labels.values()))
    axes.set_xticks([], minor=True)
    axes.set_xlim(low, _LIMITS[1])


def tick_labels(minimum: float, ticks: tuple[float, ...] = TICKS) -> dict[float, str]:
    """Return the label of each tick of a confidence axis that begins at ``minimum``."""
    low = max(minimum, _LIMITS[0])
    return {tick: f"≥{tick:g}" if tick == TOP else f"{tick:g}" for tick in ticks if tick >= low}


def position_on_axis(confidence: Floats, minimum: float) -> Floats:
    """Return where values lie on a confidence axis that begins at ``minimum``: 0 at its start, 1 at its end.

    Examples
    --------
    >>> position_on_axis(np.array([0.5, 1.0]), 0.5).tolist()
    [0.0, 1.0]
    """
    low, high = logit(max(minimum, _LIMITS[0])), logit(_LIMITS[1])
    positions: Floats = (_forward(confidence) - low) / (high - low)
    return positions


def spread_top(confidence: Floats, rng: np.random.Generator) -> Floats:
    """Return the confidence with the values from 0.999 on at random places between 0.999 and the end of the axis.

    Examples
    --------
    >>> spread_top(np.array([0.5, 0.99]), np.random.default_rng(0)).tolist()
    [0.5, 0.99]
    """
    is_top = confidence >= TOP
    low, high = logit(TOP) + 0.1, logit(_LIMITS[1]) - 0.1
    return np.where(is_top, expit(rng.uniform(low, high, confidence.size)), np.maximum(confidence, _LIMITS[0]))


def _forward(confidence: Floats) -> Floats:
    result: Floats = logit(np.clip(confidence, *_LIMITS))
    return result


def axis_minimum(confidence: Floats, threshold: float) -> float:
    """Return the lower limit of a confidence axis: below the threshold and below nearly all cells, in tenths."""
    finite = confidence[np.isfinite(confidence)]
    low = min(float(np.quantile(finite, 0.002)) if finite.size else 0.0, threshold - 0.1)
    return max(0.0, float(np.floor(low * 10) / 10))
