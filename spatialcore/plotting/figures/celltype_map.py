"""Where each cell type lies: points, or pixels of the commonest type; beyond thirty types, a numbered map."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.types import Floats
from spatialcore.errors import InputError
from spatialcore.plotting import spatial, style
from spatialcore.plotting.figures.numbered_map import commonest_type, draw_numbered
from spatialcore.plotting.groups import Groups, group_cells, type_colors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_TYPES: Final = 30
_LEGEND: Final = 3.6
_ROW: Final = 0.235


def plot_celltype_map(
    adata: AnnData,
    label_column: str = columns.CELL_TYPE,
    spatial_key: str = columns.SPATIAL,
    save: str | Path | None = None,
) -> "Figure":
    """Draw the tissue coloured by cell type, with the number of cells of every type in the legend.

    Up to 100,000 cells are points; more are pixels that show their commonest type. Beyond 30 types no palette can be
    read: types are then numbered, and each of them has a small map of its own.

    Parameters
    ----------
    adata
        Annotated cells with coordinates.
    label_column
        Column of ``obs`` with the calls.
    spatial_key
        Key of ``obsm`` with x and y, in µm.
    save
        Where to write the figure; its legend goes beside it as CSV: number, cell_type, color, n_cells.

    Raises
    ------
    InputError
        There are no coordinates.
    """
    xy = spatial.coordinates(adata, spatial_key)
    if xy is None:
        raise InputError(f"obsm has no '{spatial_key}' with places", hint="pass spatial_key=, or use plot_composition")
    groups, colors = group_cells(adata, label_column), type_colors(adata, label_column)
    many = len(groups.names) > MOST_TYPES
    figure = draw_numbered(groups, colors, xy) if many else _one_map(groups, colors, xy)
    style.set_title(figure, "Cell types on the tissue", _note(len(xy)))
    style.save_with_numbers(figure, _legend_table(groups, colors), save)
    return figure


def _legend_table(groups: Groups, colors: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": range(1, len(groups.names) + 1),
            "cell_type": groups.names,
            "color": [colors[name] for name in groups.names],
            "n_cells": groups.sizes,
        }
    )


def _one_map(groups: Groups, colors: dict[str, str], xy: Floats) -> "Figure":
    height = max(7.0, 1.2 + _ROW * len(groups.names))
    span = np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)
    wide = float(np.clip((height - 1) * span[0] / max(span[1], 1e-9), 4.0, 11.0))
    figure = style.new_figure((wide + _LEGEND, height))
    axes, side = figure.subplots(1, 2, width_ratios=[wide, _LEGEND])
    _draw(axes, groups, colors, xy, inches=wide)
    spatial.set_up_map(axes, xy)
    _legend(side, groups, colors)
    return figure


def _draw(axes: Any, groups: Groups, colors: dict[str, str], xy: Floats, *, inches: float) -> None:
    from matplotlib.colors import to_rgba

    table = np.array([to_rgba(colors[name]) for name in groups.names])
    if len(xy) > spatial.MOST_POINTS:
        grid = spatial.pixels(xy, pixel=spatial.pixel_side(xy, inches))
        winner = commonest_type(grid, groups)
        image = np.vstack([table, [[1.0, 1.0, 1.0, 0.0]]])[winner]
        axes.imshow(image, extent=grid.extent, interpolation="nearest")
        return
    order = np.argsort(-groups.codes, kind="stable")  # unassigned first, so that they lie below
    area = spatial.dot_area(len(xy), inches)
    axes.scatter(*xy[order].T, c=table[groups.codes[order]], s=area, linewidths=0, rasterized=True)


def _legend(axes: Any, groups: Groups, colors: dict[str, str]) -> None:
    from matplotlib.lines import Line2D

    style.bare(axes)
    handles = [
        Line2D([], [], marker="o", linestyle="", ms=6, color=colors[name], label=f"{style.wrap(name, 40)}  {size:,}")
        for name, size in zip(groups.names, groups.sizes.tolist(), strict=True)
    ]
    axes.legend(handles=handles, loc="upper left", frameon=False, fontsize=style.SMALL, borderpad=0)


def _note(n_cells: int) -> str:
    pixel = (
        "" if n_cells <= spatial.MOST_POINTS else ". A pixel shows the commonest type of the cells in it that have one"
    )
    return f"{n_cells:,} cells{pixel}."
