"""The confidence of each cell type as a row of dots, with median and share above the threshold."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from spatialcore.core.types import Floats
from spatialcore.plotting import style
from spatialcore.plotting.confidence_axis import (
    FEW_TICKS,
    LONG_TICKS,
    TICKS,
    TOP_CENTER,
    axis_minimum,
    set_up_confidence_axis,
    spread_top,
)
from spatialcore.plotting.groups import Groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import ListedColormap

_DOTS_PER_TYPE: Final = 1500
_RED, _YELLOW, _GREEN = 0.16, 0.44, 0.68  # of the colour map; its darkest red is as dark as its darkest green


def confidence_table(groups: Groups, confidence: Floats, threshold: float) -> pd.DataFrame:
    """Return the number of cells, quartiles of the confidence and share at or above the threshold, per type."""
    rows = []
    for k, name in enumerate(groups.names):
        values = confidence[groups.codes == k]
        finite = values[np.isfinite(values)]
        quartiles = np.quantile(finite, [0.25, 0.5, 0.75]) if finite.size else np.full(3, np.nan)
        rows.append((name, values.size, *quartiles, float((finite >= threshold).sum()) / max(values.size, 1)))
    return pd.DataFrame(rows, columns=["cell_type", "n_cells", "q25", "median", "q75", "share_above_threshold"])


def threshold_colors(threshold: float) -> "ListedColormap":
    """Return RdYlGn over 0 to 1, rescaled: red to yellow below the threshold, green at and above it.

    The darkest reds are left out: in greyscale, and for readers who do not distinguish red from green, they look like
    the green of a confidence of 1.
    """
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    value = np.linspace(0, 1, 512)
    below = _RED + value / max(threshold, 1e-9) * (_YELLOW - _RED)
    above = _GREEN + (value - threshold) / max(1 - threshold, 1e-9) * (1 - _GREEN)
    return ListedColormap(colormaps["RdYlGn"](np.where(value < threshold, below, above)), name="threshold")


def _dot(n: int) -> float:
    """Return the area of a dot (points squared), smaller for many cells."""
    return float(np.clip(1500 / max(n, 1), 3.0, 12.0))


def draw_rows(
    row_axes: "list[Axes]", groups: Groups, confidence: Floats, threshold: float, table: pd.DataFrame, *, inches: float
) -> None:
    """Draw the types by median confidence, divided over the axes.

    Parameters
    ----------
    row_axes
        Axes side by side.
    groups
        The types to draw.
    confidence
        Confidence of the calls, shape (n_cells,).
    threshold
        Minimum confidence of a call.
    table
        The result of :func:`confidence_table`.
    inches
        Height of the axes.
    """
    table = table.set_index("cell_type").loc[list(groups.names)]
    order = [int(k) for k in np.argsort(-table["median"].fillna(-1).to_numpy(), kind="stable")]
    rng, cmap = np.random.default_rng(0), threshold_colors(threshold)
    n_rows = -(-len(order) // len(row_axes))
    low = axis_minimum(confidence, threshold)
    ticks = FEW_TICKS if len(row_axes) > 1 else TICKS if low > 0 else LONG_TICKS
    for column, axes in enumerate(row_axes):
        part = order[column * n_rows : (column + 1) * n_rows]
        set_up_confidence_axis(axes, low, ticks=ticks)
        for row, k in enumerate(part):
            values = confidence[groups.members(k)]
            _scatter_row(axes, row, values[np.isfinite(values)], cmap, rng)
            _annotate_row(axes, row, table.iloc[k])
        axes.axvline(threshold, color=style.INK, linestyle="--", linewidth=0.9)
        longest = 80 if len(row_axes) == 1 else 38
        _label_rows(axes, [style.shorten(groups.names[k], longest) for k in part], inches / max(n_rows, 1))
        axes.set_ylim(max(n_rows, 1) - 0.4, -0.6)
        axes.set_xlabel(f"Confidence (bar: median; dashed: threshold {threshold:g})", fontsize=style.SMALL)
        axes.set_title("Above threshold", fontsize=style.SMALL, loc="right", color=style.MUTED)


def _scatter_row(axes: "Axes", row: int, values: Floats, cmap: Any, rng: np.random.Generator) -> None:
    """Scatter the confidence of the cells of a type along its row; a sample if there are many."""
    sample = values if values.size <= _DOTS_PER_TYPE else rng.choice(values, _DOTS_PER_TYPE, replace=False)
    y = row + rng.uniform(-0.33, 0.33, sample.size)
    color: dict[str, Any] = {"c": sample, "cmap": cmap, "vmin": 0, "vmax": 1}
    axes.scatter(spread_top(sample, rng), y, s=_dot(sample.size), linewidths=0, alpha=0.75, rasterized=True, **color)


def _annotate_row(axes: "Axes", row: int, line: "pd.Series[Any]") -> None:
    """Mark the median of a type and write the share above the threshold next to its row."""
    from matplotlib.transforms import blended_transform_factory

    median = min(line["median"], TOP_CENTER)
    axes.plot([median] * 2, [row - 0.38, row + 0.38], color=style.INK, linewidth=1.4)
    right_of_axis = blended_transform_factory(axes.transAxes, axes.transData)
    text = f"{100 * line['share_above_threshold']:.0f} % of {style.thousands(line['n_cells'])}"
    axes.text(1.01, row, text, transform=right_of_axis, fontsize=style.SMALL, va="center", color=style.INK)


def _label_rows(axes: "Axes", names: list[str], row_inches: float) -> None:
    """Write the names of the types with a font size that fits the rows."""
    size = float(np.clip(0.8 * 72 * row_inches, 4.5, style.SMALL))
    axes.set_yticks(range(len(names)), names, fontsize=size)
    style.style_axes(axes, grid="x")
    axes.tick_params(axis="y", length=0, labelsize=size)
