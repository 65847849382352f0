"""More types than colours can tell apart: one map with numbers, and a small map for each type."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spatialcore.core.types import Floats
from spatialcore.plotting import spatial, style
from spatialcore.plotting.groups import NOT_TYPES, Groups

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANELS_PER_ROW: Final = 8
_NUMBER_SHARE: Final = 0.25


def draw_numbered(groups: Groups, colors: dict[str, str], xy: Floats) -> "Figure":
    """Draw one map of the commonest type per bin, numbered, over a small map per type."""
    n_rows = -(-len(groups.names) // _PANELS_PER_ROW)
    top, panel_height = _heights(xy)
    figure = style.new_figure((16.0, top + panel_height * n_rows))
    halves: Any = figure.subfigures(2, 1, height_ratios=[top, panel_height * n_rows])
    above, below = halves
    axes, side = above.subplots(1, 2, width_ratios=[1.6, 1])
    _numbered(axes, groups, colors, xy)
    spatial.set_up_map(axes, xy)
    _numbered_legend(side, groups, colors)
    panels = below.subplots(n_rows, _PANELS_PER_ROW, squeeze=False).ravel()
    for k, panel in enumerate(panels):
        style.bare(panel)
        if k < len(groups.names):
            _small_map(panel, f"{k + 1} {groups.names[k]}", groups.members(k), colors[groups.names[k]], xy)
    return figure


def _heights(xy: Floats) -> tuple[float, float]:
    """Return the inches that the large map and a row of small ones need for this tissue's shape, titles included."""
    span = np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)
    tall = float(np.clip(span[1] / max(span[0], 1e-9), 0.25, 1.5))
    return float(np.clip(9.4 * tall + 1.0, 6.6, 11.0)), 1.85 * tall + 0.6


def _numbered(axes: Any, groups: Groups, colors: dict[str, str], xy: Floats) -> None:
    from matplotlib.colors import to_rgba

    span = float((np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)).max())
    grid = spatial.pixels(xy, pixel=max(span / 90, 1e-9))
    winner = commonest_type(grid, groups)
    table = np.array([*(to_rgba(colors[name]) for name in groups.names), (1.0, 1.0, 1.0, 0.0)])
    axes.imshow(table[winner], extent=grid.extent, interpolation="nearest")
    side = (grid.extent[1] - grid.extent[0]) / grid.shape[1]
    for row, col in np.argwhere((winner >= 0) & _is_shown(winner)):
        x, y = grid.extent[0] + (col + 0.5) * side, grid.extent[3] + (row + 0.5) * side
        axes.text(x, y, str(winner[row, col] + 1), fontsize=4.5, ha="center", va="center", color=style.INK)


def _is_shown(winner: Any) -> Any:
    """Choose the bins that carry a number: a fixed sparse lattice, so that numbers do not touch."""
    step = max(1, round(1 / _NUMBER_SHARE))
    rows, cols = np.indices(winner.shape)
    return (rows % step == 0) & ((cols + rows // step * 2) % step == 0)


def _numbered_legend(axes: Any, groups: Groups, colors: dict[str, str]) -> None:
    from matplotlib.lines import Line2D

    style.bare(axes)
    rows = zip(groups.names, groups.sizes.tolist(), strict=True)
    handles = [
        Line2D([], [], marker="s", linestyle="", ms=6, color=colors[name], label=f"{k}  {style.wrap(name, 38)}  {n:,}")
        for k, (name, n) in enumerate(rows, start=1)
    ]
    size = style.SMALL if len(handles) <= 40 else style.TINY
    axes.legend(handles=handles, loc="upper left", frameon=False, fontsize=size, ncols=1 + (len(handles) > 36))


def _small_map(axes: Any, title: str, members: Any, color: str, xy: Floats) -> None:
    everyone = np.random.default_rng(0).choice(len(xy), min(len(xy), 4000), replace=False)
    shown = members[:: max(1, len(members) // 4000)]
    axes.scatter(*xy[everyone].T, c=style.FAINT, s=0.4, linewidths=0, rasterized=True)
    area = float(np.clip(1500 / max(len(members), 1), 1.5, 8.0))  # a rare type is to be found, too
    axes.scatter(*xy[shown].T, c=color, s=area, linewidths=0, rasterized=True)
    axes.set_title(style.wrap(title, 26), fontsize=style.TINY, color=style.INK)
    axes.set_aspect("equal")
    axes.invert_yaxis()


def commonest_type(grid: spatial.Pixels, groups: Groups) -> Any:
    """Return the commonest type per pixel; cells without a type count only where there are no others."""
    has_type = ~np.isin(np.asarray(groups.names, dtype=object), NOT_TYPES)
    of_types = np.where(has_type[groups.codes], groups.codes, -1)
    winner = grid.most_frequent(of_types, len(groups.names))
    return np.where(winner >= 0, winner, grid.most_frequent(groups.codes, len(groups.names)))
