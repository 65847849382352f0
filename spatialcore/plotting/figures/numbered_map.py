"""Maps of many types: one map on which each type has its number, and a small map per type."""

from typing import TYPE_CHECKING, Final

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
_FIGURE_WIDTH: Final = 16.0
_WIDTH: Final = 9.0
_ABOVE, _BELOW = 0.45, 0.35  # inches for the title and for the note
_TITLE: Final = 0.4  # inches above a small map
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
    height = top + panel_height * n_rows + _BELOW
    figure = style.new_figure((_FIGURE_WIDTH, height), layout=None)
    bottom, upper = 1 - (top - 0.1) / height, (top - 0.1 - _ABOVE) / height
    axes = figure.add_axes((0.15 / _FIGURE_WIDTH, bottom, _WIDTH / _FIGURE_WIDTH, upper))
    legend_left = _WIDTH + 0.4
    legend_axes = figure.add_axes((legend_left / _FIGURE_WIDTH, bottom, 1 - (legend_left + 0.1) / _FIGURE_WIDTH, upper))
    draw_cells(axes, groups, table["color"].tolist(), xy, box=(_WIDTH, upper * height))
    spatial.set_up_map(axes, xy, unit=unit)
    _draw_numbers(axes, groups, xy)
    draw_legend(legend_axes, table, is_numbered=True, n_columns=1 + (len(groups.names) > 24))
    small = style.axes_in_inches(figure, top=panel_height * n_rows + _BELOW)
    _small_maps(small, groups, table["color"].tolist(), xy, panel_height)
    return figure


def draw_cells(axes: "Axes", groups: Groups, colors: list[str], xy: Floats, *, box: tuple[float, float]) -> None:
    """Draw the cells coloured by type: as points, or as pixels of the most frequent type if there are many.

    Parameters
    ----------
    axes
        The map.
    groups, colors
        The types and their colours.
    xy
        Coordinates, shape (n_cells, 2).
    box
        Width and height in inches that the map may have.
    """
    from matplotlib.colors import to_rgba

    size = spatial.drawn_size(xy, box)
    table = np.array([to_rgba(color) for color in colors])
    if len(xy) > spatial.MAX_POINTS:
        grid = spatial.pixels(xy, pixel=spatial.pixel_side(xy, max(size)))
        colors_and_none = np.rint(255 * np.vstack([table, [[1.0, 1.0, 1.0, 0.0]]])).astype(np.uint8)
        image = colors_and_none[most_frequent_type(grid, groups)]
        axes.imshow(image, extent=grid.extent, interpolation="nearest")
        return
    is_type = ~np.isin(np.asarray(groups.names, dtype=object), NOT_TYPES)
    # cells without a type are drawn first, then the largest types, so that rare ones are on top
    rank = np.argsort(np.lexsort((-groups.sizes, is_type)))
    order = np.argsort(rank[groups.codes], kind="stable")
    area = spatial.dot_area(xy, size)
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
    grid = spatial.pixels(xy, pixel=side * (1 + 1e-6))  # the cells at the far edge are in the last bin
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


def _small_maps(axes: "Axes", groups: Groups, colors: list[str], xy: Floats, panel_height: float) -> None:
    """Draw a map per type into one axes in inches: an axes of its own for each takes longer than its cells."""
    width = _FIGURE_WIDTH / _PANELS_PER_ROW
    low, high = np.nanmin(xy, axis=0), np.nanmax(xy, axis=0)
    span = np.maximum(high - low, 1e-9)
    scale = min((width - 0.2) / span[0], (panel_height - _TITLE - 0.1) / span[1])
    background = xy[np.random.default_rng(0).choice(len(xy), min(len(xy), 4000), replace=False)]
    top = axes.get_ylim()[1]
    places = [
        np.array([(k % _PANELS_PER_ROW + 0.5) * width, top - (k // _PANELS_PER_ROW) * panel_height - _TITLE])
        for k in range(len(groups.names))
    ]

    def in_inches(cells: Floats, origin: Floats) -> Floats:
        from_middle = (cells - [(low[0] + high[0]) / 2, low[1]]) * scale
        return np.column_stack([origin[0] + from_middle[:, 0], origin[1] - from_middle[:, 1]])

    everywhere = np.vstack([in_inches(background, origin) for origin in places])
    axes.scatter(everywhere[:, 0], everywhere[:, 1], c=style.FAINT, s=0.4, linewidths=0, rasterized=True)
    for k, (name, color, origin) in enumerate(zip(groups.names, colors, places, strict=True)):
        members = groups.members(k)
        cells = in_inches(xy[members[:: max(1, len(members) // 4000)]], origin)
        area = float(np.clip(1500 / max(len(members), 1), 1.5, 8.0))  # larger dots for rare types
        axes.scatter(cells[:, 0], cells[:, 1], c=color, s=area, linewidths=0, rasterized=True)
        title = style.wrap(f"{k + 1} {name}", 26)
        axes.text(origin[0], origin[1] + 0.07, title, ha="center", va="bottom", fontsize=style.TINY, color=style.INK)


def most_frequent_type(grid: spatial.Pixels, groups: Groups) -> NDArray[np.intp]:
    """Return the most frequent type per pixel, rows x columns; cells without a type count only in other pixels.

    -1 for empty pixels.
    """
    has_type = ~np.isin(np.asarray(groups.names, dtype=object), NOT_TYPES)
    type_codes = np.where(has_type[groups.codes], groups.codes, np.int32(-1))
    types = grid.most_frequent(type_codes, len(groups.names))
    return np.where(types >= 0, types, grid.most_frequent(groups.codes, len(groups.names)))
