"""Panels of confidence against a score within one axes in inches: 30 axes take longer than their cells to draw."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spatialcore.core.types import Floats
from spatialcore.plotting import style
from spatialcore.plotting.confidence_axis import FEW_TICKS, position_on_axis, tick_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TICK: Final = 0.035  # inches


@dataclass(frozen=True)
class PanelFrame:
    """A panel: its place in inches, the confidence at its left edge, and the scores at its lower and upper edge."""

    left: float
    bottom: float
    width: float
    height: float
    minimum: float = 0.0
    low: float = 0.0
    high: float = 1.0

    def scaled(self, minimum: float, scores: Floats, threshold: float) -> "PanelFrame":
        """Return the panel with room for these scores, and above them for two lines of text."""
        top = max(float(np.nanmax(scores)), threshold) if scores.size else 1.0
        return replace(self, minimum=minimum, low=-0.05 * top, high=1.32 * top + 1e-6)

    def x(self, confidence: Floats) -> Floats:
        """Return where confidences lie, in inches; NaN left of the panel, where nothing is drawn."""
        position = position_on_axis(confidence, self.minimum)
        return np.where(position < 0, np.nan, self.left + self.width * position)

    def y(self, scores: Floats) -> Floats:
        """Return where scores lie, in inches."""
        inches: Floats = self.bottom + self.height * (scores - self.low) / (self.high - self.low)
        return inches

    def label_axes(self, axes: "Axes", *, left: bool, below: bool) -> None:
        """Draw the axes of the panel with ticks; ``left`` and ``below``: with the names of the axes."""
        labels = tick_labels(self.minimum, FEW_TICKS)
        x, scores = self.x(np.array(list(labels))), _ticks(self.high)
        y = self.y(scores)
        text: dict[str, Any] = {"fontsize": style.SMALL, "color": style.INK}
        _draw_axes(axes, self, x, y)
        for position, label in zip(x, labels.values(), strict=True):
            axes.text(position, self.bottom - 2 * _TICK, label, ha="center", va="top", **text)
        for position, score in zip(y, scores, strict=True):
            axes.text(self.left - 2 * _TICK, position, f"{score:g}", ha="right", va="center", **text)
        if left:
            middle: dict[str, Any] = {"rotation": 90, "ha": "right", "va": "center"}
            axes.text(self.left - 0.25, self.bottom + self.height / 2, "Marker score", **middle, **text)
        if below:
            axes.text(self.left + self.width / 2, self.bottom - 0.24, "Confidence", ha="center", va="top", **text)


def panel_frames(
    figure: "Figure", shape: tuple[int, int], margins: style.Margins, *, gap: tuple[float, float]
) -> list[PanelFrame]:
    """Return the panels of a grid row by row.

    Parameters
    ----------
    figure
        Figure of ``new_figure(size, layout=None)``.
    shape
        Rows and columns.
    margins
        Inches around the grid.
    gap
        Inches between columns, and between rows.
    """
    n_rows, n_cols = shape
    figure_width, figure_height = figure.get_size_inches()
    width = (figure_width - margins.left - margins.right - gap[0] * (n_cols - 1)) / n_cols
    height = (figure_height - margins.bottom - margins.top - gap[1] * (n_rows - 1)) / n_rows
    return [
        PanelFrame(
            margins.left + column * (width + gap[0]),
            margins.bottom + (n_rows - 1 - row) * (height + gap[1]),
            width,
            height,
        )
        for row in range(n_rows)
        for column in range(n_cols)
    ]


def _ticks(high: float) -> Floats:
    """Return at most eight round values from 0 to the upper edge of a panel."""
    from matplotlib.ticker import MaxNLocator

    values = np.asarray(MaxNLocator(8, steps=[1, 2, 5, 10]).tick_values(0.0, high), dtype=np.float64)
    return values[(values >= 0) & (values <= high)]


def _draw_axes(axes: "Axes", frame: PanelFrame, x: Floats, y: Floats) -> None:
    """Draw the left and the lower edge of a panel with the ticks."""
    from matplotlib.collections import LineCollection

    left, bottom = frame.left, frame.bottom
    edges = [[(left, bottom + frame.height), (left, bottom), (left + frame.width, bottom)]]
    ticks = [[(value, bottom), (value, bottom - _TICK)] for value in x]
    ticks += [[(left, value), (left - _TICK, value)] for value in y]
    axes.add_collection(LineCollection(edges + ticks, colors=style.MUTED, linewidths=0.8), autolim=False)
