"""Maps of many types: one map on which each type has its number, and a small map per type."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatialcore.core.types import Floats
from spatialcore.plotting import spatial, style
from spatialcore.plotting.groups import NOT_TYPES, Groups
from spatialcore.plotting.legend import draw_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANELS_PER_ROW: Final = 8
_WIDTH: Final = 9.0
_BINS: Final = 30  # along the longer side of the tissue, to find where a type is enriched


def draw_numbered(groups: Groups, table: pd.DataFrame, xy: Floats, unit: str) -> "Figure":
    """Draw a map with the number of each type where the type is most enriched, and below it a small map per type.

    Parameters
    ----------
    groups
        The types, in the order of the legend.
    table
        The legend, see :func:`spatialcore.plotting.legend.legend_table`.
    xy
        Coordinates, shape (n_cells, 2).
    unit
        Unit of the coordinates; empty if unknown.
    """
    n_rows = -(-len(groups.names) // _PANELS_PER_ROW)
    top, panel_height = _heights(xy)
    figure = style.new_figure((16.0, top + panel_height * n_rows))
    subfigures: Any = figure.subfigures(2, 1, height_ratios=[top, panel_height * n_rows])
    upper, lower = subfigures
    axes, legend_axes = upper.subplots(1, 2, width_ratios=[1.45, 1])
    draw_cells(axes, groups, table["color"].tolist(), xy, inches=_WIDTH)
    spatial.set_up_map(axes, xy, unit=unit)
    _draw_numbers(axes, groups, xy)
    draw_legend(legend_axes, table, is_numbered=True, n_columns=1 + (len(groups.names) > 24))
    panels = lower.subplots(n_rows, _PANELS_PER_ROW, squeeze=False).ravel()
    for panel in panels[len(groups.names) :]:
        style.hide_axes(panel)
    for k, (panel, name, color) in enumerate(zip(panels, groups.names, table["color"], strict=False)):
        style.hide_axes(panel)
        _small_map(panel, f"{k + 1} {name}", groups.members(k), color, xy)
    return figure


def draw_cells(axes: "Axes", groups: Groups, colors: list[str], xy: Floats, *, inches: float) -> None:
    """Draw the cells coloured by type: as points, or as pixels of the most frequent type if there are many."""
    from matplotlib.colors import to_rgba

    table = np.array([to_rgba(color) for color in colors])
    if len(xy) > spatial.MAX_POINTS:
        grid = spatial.pixels(xy, pixel=spatial.pixel_side(xy, inches))
        image = np.vstack([table, [[1.0, 1.0, 1.0, 0.0]]])[most_frequent_type(grid, groups)]
        axes.imshow(image, extent=grid.extent, interpolation="nearest")
        return
    is_type = ~np.isin(np.asarray(groups.names, dtype=object), NOT_TYPES)
    # cells without a type are drawn first, then the largest types, so that rare ones are on top
    rank = np.argsort(np.lexsort((-groups.sizes, is_type)))
    order = np.argsort(rank[groups.codes], kind="stable")
    area = spatial.dot_area(len(xy), inches)
    axes.scatter(xy[order, 0], xy[order, 1], c=table[groups.codes[order]], s=area, linewidths=0, rasterized=True)


def _heights(xy: Floats) -> tuple[float, float]:
    """Return the heights in inches of the large map and of a row of small maps, for the shape of the tissue."""
    span = np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)
    aspect = float(np.clip(span[1] / max(span[0], 1e-9), 0.25, 1.5))
    return float(np.clip(_WIDTH * aspect + 1.0, 6.6, 11.0)), 1.85 * aspect + 0.6


def _draw_numbers(axes: "Axes", groups: Groups, xy: Floats) -> None:
    from matplotlib.patheffects import AbstractPathEffect, withStroke

    halo: list[AbstractPathEffect] = [withStroke(linewidth=2.2, foreground="white")]
    for k, (x, y) in number_positions(groups, xy).items():
        axes.text(
            x, y, str(k + 1), fontsize=style.SMALL, fontweight="bold", ha="center", va="center", color=style.INK
        ).set_path_effects(halo)


def number_positions(groups: Groups, xy: Floats) -> dict[int, tuple[float, float]]:
    """Return where the number of each type stands: where it is most enriched, without two numbers on one place.

    Parameters
    ----------
    groups
        The types; those without a type get no number.
    xy
        Coordinates, shape (n_cells, 2).
    """
    from scipy.ndimage import uniform_filter

    side = max(float((np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)).max()) / _BINS, 1e-9)
    grid = spatial.pixels(xy, pixel=side)
    n_bins = grid.shape[0] * grid.shape[1]
    valid = grid.index >= 0
    total = uniform_filter(np.bincount(grid.index[valid], minlength=n_bins).reshape(grid.shape).astype(float), 3)
    is_free = np.ones(grid.shape, dtype=bool)
    positions: dict[int, tuple[float, float]] = {}
    for k in np.argsort(groups.sizes, kind="stable"):  # rare types have the fewest places to choose from
        cells = valid & (groups.codes == k)
        if groups.names[k] in NOT_TYPES or not cells.any():
            continue
        count = np.bincount(grid.index[cells], minlength=n_bins).reshape(grid.shape).astype(float)
        enriched = uniform_filter(count, 3) ** 2 / np.maximum(total, 1e-9)
        row, column = np.unravel_index(np.where(is_free, enriched, -1.0).argmax(), grid.shape)
        is_free[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2] = False
        x, y = grid.extent[0] + (column + 0.5) * side, grid.extent[3] + (row + 0.5) * side
        positions[int(k)] = (float(x), float(y))
    return positions


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
