"""Map of the cell types: points, pixels of the most frequent type, or a numbered map for more than 30 types."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.types import Floats
from spatialcore.errors import InputError
from spatialcore.plotting import spatial, style
from spatialcore.plotting.figures.numbered_map import draw_numbered, most_frequent_type
from spatialcore.plotting.groups import Groups, group_cells, type_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_TYPES: Final = 30
_LEGEND: Final = 3.6
_ROW: Final = 0.235


def plot_celltype_map(
    adata: AnnData,
    label_column: str = columns.CELL_TYPE,
    spatial_key: str = columns.SPATIAL,
    save: str | Path | None = None,
) -> "Figure":
    """Plot the tissue coloured by cell type, with the number of cells per type in the legend.

    Up to 100,000 cells are drawn as points, more as pixels with the most frequent type. More than 30 types are
    numbered, and each has an additional small map.

    Parameters
    ----------
    adata
        Annotated cells with coordinates.
    label_column
        Column of ``obs`` with the calls.
    spatial_key
        Key of ``obsm`` with x and y. The scale bar has the unit in ``uns["spatialcore_source"]["unit"]``.
    save
        Path to write the figure to; the legend is written next to it as CSV (number, cell_type, color, n_cells).

    Returns
    -------
    The figure.

    Raises
    ------
    InputError
        The data have no coordinates.

    Examples
    --------
    >>> import anndata, pandas
    >>> obs = pandas.DataFrame({"cell_type": ["T cell", "B cell"]}, index=["a", "b"])
    >>> adata = anndata.AnnData(obs=obs)
    >>> adata.obsm["spatial"] = pandas.DataFrame({"x": [0.0, 9.0], "y": [0.0, 5.0]}).to_numpy()
    >>> figure = plot_celltype_map(adata)
    """
    xy = spatial.coordinates(adata, spatial_key)
    if xy is None:
        raise InputError(f"obsm['{spatial_key}'] has no coordinates", hint="pass spatial_key=, or use plot_composition")
    groups, colors = group_cells(adata, label_column), type_colors(adata, label_column)
    is_numbered = len(groups.names) > MAX_TYPES
    unit = spatial.coordinate_unit(adata)
    figure = (draw_numbered if is_numbered else _one_map)(groups, colors, xy, unit)
    style.set_title(figure, "Cell types on the tissue", _note(len(xy)))
    style.save_with_table(figure, _legend_table(groups, colors), save)
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


def _one_map(groups: Groups, colors: dict[str, str], xy: Floats, unit: str) -> "Figure":
    height = max(7.0, 1.2 + _ROW * len(groups.names))
    span = np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)
    width = float(np.clip((height - 1) * span[0] / max(span[1], 1e-9), 4.0, 11.0))
    figure = style.new_figure((width + _LEGEND, height))
    axes, legend_axes = figure.subplots(1, 2, width_ratios=[width, _LEGEND])
    _draw(axes, groups, colors, xy, inches=width)
    spatial.set_up_map(axes, xy, unit=unit)
    _legend(legend_axes, groups, colors)
    return figure


def _draw(axes: "Axes", groups: Groups, colors: dict[str, str], xy: Floats, *, inches: float) -> None:
    from matplotlib.colors import to_rgba

    table = np.array([to_rgba(colors[name]) for name in groups.names])
    if len(xy) > spatial.MAX_POINTS:
        grid = spatial.pixels(xy, pixel=spatial.pixel_side(xy, inches))
        types = most_frequent_type(grid, groups)
        image = np.vstack([table, [[1.0, 1.0, 1.0, 0.0]]])[types]
        axes.imshow(image, extent=grid.extent, interpolation="nearest")
        return
    order = np.argsort(-groups.codes, kind="stable")  # unassigned cells are drawn first, below the others
    area = spatial.dot_area(len(xy), inches)
    axes.scatter(xy[order, 0], xy[order, 1], c=table[groups.codes[order]], s=area, linewidths=0, rasterized=True)


def _legend(axes: "Axes", groups: Groups, colors: dict[str, str]) -> None:
    from matplotlib.lines import Line2D

    style.hide_axes(axes)
    handles = [
        Line2D([], [], marker="o", linestyle="", ms=6, color=colors[name], label=f"{style.wrap(name, 40)}  {size:,}")
        for name, size in zip(groups.names, groups.sizes.tolist(), strict=True)
    ]
    axes.legend(handles=handles, loc="upper left", frameon=False, fontsize=style.SMALL, borderpad=0)


def _note(n_cells: int) -> str:
    pixel = "" if n_cells <= spatial.MAX_POINTS else ". A pixel shows the most frequent type of its cells"
    return f"{n_cells:,} cells{pixel}."
