"""Map of the cell types: points or pixels of the most frequent type; more than 30 types are numbered."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.types import Floats
from spatialcore.errors import InputError
from spatialcore.plotting import spatial, style
from spatialcore.plotting.figures.numbered_map import draw_cells, draw_numbered
from spatialcore.plotting.groups import Groups, group_cells, type_colors
from spatialcore.plotting.legend import draw_legend, legend_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_TYPES: Final = 30
_LETTER: Final = 0.066  # mean width in inches
_ROW: Final = 0.235


def plot_celltype_map(
    adata: AnnData,
    label_column: str = columns.CELL_TYPE,
    spatial_key: str = columns.SPATIAL,
    save: str | Path | None = None,
) -> "Figure":
    """Plot the tissue coloured by cell type, with the number of cells per type in the legend.

    Types are grouped by lineage, and their hues follow the lineages. Up to 100,000 cells are drawn as points, more as
    pixels with the most frequent type. More than 30 types are numbered: the number of a type stands where the type is
    most enriched, and each type has an additional small map.

    Parameters
    ----------
    adata
        Annotated cells with coordinates.
    label_column
        Column of ``obs`` with the calls.
    spatial_key
        Key of ``obsm`` with x and y. The scale bar has the unit in ``uns["spatialcore_source"]["unit"]``.
    save
        Path to write the figure to; the legend is written next to it as CSV (number, lineage, cell_type, color,
        n_cells).

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
    table = legend_table(groups, colors)
    groups = groups.select(table["cell_type"].tolist())
    draw = draw_numbered if len(groups.names) > MAX_TYPES else _one_map
    figure = draw(groups, table, xy, spatial.coordinate_unit(adata))
    style.set_title(figure, "Cell types on the tissue", f"{_note(xy)} {spatial.places_note(adata)}")
    style.save_with_table(figure, table, save)
    return figure


def _one_map(groups: Groups, table: pd.DataFrame, xy: Floats, unit: str) -> "Figure":
    height = max(7.0, 1.2 + _ROW * (len(groups.names) + table["lineage"].nunique()))
    span = np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)
    width = float(np.clip((height - 1) * span[0] / max(span[1], 1e-9), 1.5, 11.0))
    height = max(min(height, 1.4 + width * span[1] / max(span[0], 1e-9)), 1.2 + _ROW * len(groups.names), 4.0)
    longest = max(min(len(name), 40) for name in groups.names)
    legend = _LETTER * (longest + 10) + 0.3
    figure = style.new_figure((width + legend, height))
    axes, legend_axes = figure.subplots(1, 2, width_ratios=[width, legend])
    draw_cells(axes, groups, table["color"].tolist(), xy, box=(width, height - 1))
    spatial.set_up_map(axes, xy, unit=unit)
    draw_legend(legend_axes, table, is_numbered=False)
    return figure


def _note(xy: Floats) -> str:
    n_cells, n_located = len(xy), int(np.isfinite(xy).all(axis=1).sum())
    number = f"{n_cells:,} cells" if n_located == n_cells else f"{n_located:,} of {n_cells:,} cells have coordinates"
    pixel = "" if n_located <= spatial.MAX_POINTS else ". A pixel shows the most frequent type of its cells"
    return f"{number}{pixel}."
