"""Maps of many types: one map with numbers, and a small map per type."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from spatialcore.core.types import Floats
from spatialcore.plotting import spatial, style
from spatialcore.plotting.groups import NOT_TYPES, Groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANELS_PER_ROW: Final = 8
_NUMBER_SHARE: Final = 0.25


def draw_numbered(groups: Groups, colors: dict[str, str], xy: Floats, unit: str) -> "Figure":
    """Draw a map of the most frequent type per bin with numbers, and below it a small map per type."""
    n_rows = -(-len(groups.names) // _PANELS_PER_ROW)
    top, panel_height = _heights(xy)
    figure = style.new_figure((16.0, top + panel_height * n_rows))
    subfigures: Any = figure.subfigures(2, 1, height_ratios=[top, panel_height * n_rows])
    upper, lower = subfigures
    axes, legend_axes = upper.subplots(1, 2, width_ratios=[1.6, 1])
    _draw_numbered_map(axes, groups, colors, xy)
    spatial.set_up_map(axes, xy, unit=unit)
    _numbered_legend(legend_axes, groups, colors)
    panels = lower.subplots(n_rows, _PANELS_PER_ROW, squeeze=False).ravel()
    for k, panel in enumerate(panels):
        style.hide_axes(panel)
        if k < len(groups.names):
            _small_map(panel, f"{k + 1} {groups.names[k]}", groups.members(k), colors[groups.names[k]], xy)
    return figure


def _heights(xy: Floats) -> tuple[float, float]:
    """Return the heights in inches of the large map and of a row of small maps, for the shape of the tissue."""
    span = np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)
    aspect = float(np.clip(span[1] / max(span[0], 1e-9), 0.25, 1.5))
    return float(np.clip(9.4 * aspect + 1.0, 6.6, 11.0)), 1.85 * aspect + 0.6


def _draw_numbered_map(axes: "Axes", groups: Groups, colors: dict[str, str], xy: Floats) -> None:
    from matplotlib.colors import to_rgba

    span = float((np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)).max())
    grid = spatial.pixels(xy, pixel=max(span / 90, 1e-9))
    types = most_frequent_type(grid, groups)
    table = np.array([*(to_rgba(colors[name]) for name in groups.names), (1.0, 1.0, 1.0, 0.0)])
    axes.imshow(table[types], extent=grid.extent, interpolation="nearest")
    side = (grid.extent[1] - grid.extent[0]) / grid.shape[1]
    for row, col in np.argwhere((types >= 0) & _has_number(types.shape)):
        x, y = grid.extent[0] + (col + 0.5) * side, grid.extent[3] + (row + 0.5) * side
        axes.text(x, y, str(types[row, col] + 1), fontsize=4.5, ha="center", va="center", color=style.INK)


def _has_number(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the bins with a number: a sparse lattice, so that numbers do not overlap."""
    step = max(1, round(1 / _NUMBER_SHARE))
    rows, cols = np.indices(shape)
    has_number: NDArray[np.bool_] = (rows % step == 0) & ((cols + rows // step * 2) % step == 0)
    return has_number


def _numbered_legend(axes: "Axes", groups: Groups, colors: dict[str, str]) -> None:
    from matplotlib.lines import Line2D

    style.hide_axes(axes)
    rows = zip(groups.names, groups.sizes.tolist(), strict=True)
    handles = [
        Line2D([], [], marker="s", linestyle="", ms=6, color=colors[name], label=f"{k}  {style.wrap(name, 38)}  {n:,}")
        for k, (name, n) in enumerate(rows, start=1)
    ]
    size = style.SMALL if len(handles) <= 40 else style.TINY
    axes.legend(handles=handles, loc="upper left", frameon=False, fontsize=size, ncols=1 + (len(handles) > 36))


def _small_map(axes: "Axes", title: str, members: NDArray[np.intp], color: str, xy: Floats) -> None:
    background = np.random.default_rng(0).choice(len(xy), min(len(xy), 4000), replace=False)
    sample = members[:: max(1, len(members) // 4000)]
    axes.scatter(xy[background, 0], xy[background, 1], c=style.FAINT, s=0.4, linewidths=0, rasterized=True)
    area = float(np.clip(1500 / max(len(members), 1), 1.5, 8.0))  # larger dots for rare types
    axes.scatter(xy[sample, 0], xy[sample, 1], c=color, s=area, linewidths=0, rasterized=True)
    axes.set_title(style.wrap(title, 26), fontsize=style.TINY, color=style.INK)
    axes.set_aspect("equal")
    axes.invert_yaxis()


def most_frequent_type(grid: spatial.Pixels, groups: Groups) -> NDArray[np.intp]:
    """Return the most frequent type per pixel, rows x columns; cells without a type count only in other pixels.

    -1 for empty pixels.
    """
    has_type = ~np.isin(np.asarray(groups.names, dtype=object), NOT_TYPES)
    type_codes = np.where(has_type[groups.codes], groups.codes, -1)
    types = grid.most_frequent(type_codes, len(groups.names))
    return np.where(types >= 0, types, grid.most_frequent(groups.codes, len(groups.names)))
