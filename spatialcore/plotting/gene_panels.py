"""Differential genes of many types: one small heat map per type."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatialcore.core.types import Floats
from spatialcore.plotting import style
from spatialcore.plotting.expression import gene_positions
from spatialcore.plotting.groups import Groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

    from spatialcore.plotting.tile_plot import Scale

PANELS_PER_ROW: Final = 6
COLUMNS: Final = ("this type", "highest other", "mean of others")
PANELS_NOTE: Final = "Number on a tile: the other type with the highest expression of the gene."
_WIDTH, _ROW = 2.35, 0.155
_LETTER, _LINE = 0.068, 0.135  # inches of a letter of a gene, and of a line of a title
_ABOVE, _BELOW = 0.85, 0.85
_LIGHT: Final = 0.6  # from here on the colours are light


def draw_gene_panels(
    scaled: Floats, genes: NDArray[np.str_], groups: Groups, table: pd.DataFrame, scale: "Scale", colors: dict[str, str]
) -> "Figure":
    """Draw the differential genes of each type as rows: in the type, in the highest other type, and in all others.

    Types are numbered; the number of the highest other type stands on its tile.

    Parameters
    ----------
    scaled
        Types x genes, scaled per gene.
    genes
        Gene names, shape (n_genes,).
    groups
        The types, in the order of the rows of ``scaled``.
    table
        Columns ``cell_type`` and ``gene``, in the order to draw.
    scale
        Colour map, limits and label of the colour bar.
    colors
        Colour by type, drawn next to its name.
    """
    members = {name: table.loc[table["cell_type"] == name, "gene"].tolist() for name in groups.names}
    layout, titles = _Layout.of(members), _titles(members)
    n_rows = -(-len(groups.names) // PANELS_PER_ROW)
    size = (_WIDTH * PANELS_PER_ROW, n_rows * layout.row_height + _ABOVE + _BELOW)
    figure = style.new_figure(size, layout=None)
    axes = style.axes_in_inches(figure)
    values = np.full((n_rows * layout.max_genes, 3 * PANELS_PER_ROW), np.nan)
    for k, (name, genes_of_type) in enumerate(members.items()):
        values_of_type = scaled[:, gene_positions(genes, genes_of_type)]
        compared = compare_with_others(values_of_type, k)
        row, column = divmod(k, PANELS_PER_ROW)
        first = row * layout.max_genes
        values[first : first + len(compared), 3 * column : 3 * column + 3] = compared
        left, top = column * _WIDTH + layout.names_width, size[1] - _ABOVE - row * layout.row_height
        _draw_panel(axes, left, top - layout.title_height, layout, (titles[k], colors[name]))
        _write_genes(axes, left, top - layout.title_height, layout.tile_width, genes_of_type)
        _write_numbers(
            axes, left, top - layout.title_height, layout.tile_width, highest_other(values_of_type, k), compared[:, 1]
        )
        if k >= len(groups.names) - PANELS_PER_ROW:
            _write_columns(axes, left, top - layout.title_height - len(compared) * _ROW, layout.tile_width)
    image = _draw_tiles(axes, values, layout, size[1], scale)
    _color_bar(figure, image, scale.label)
    return figure


@dataclass(frozen=True)
class _Layout:
    """Sizes of the panels in inches, and the genes of the longest panel."""

    names_width: float
    tile_width: float
    title_height: float
    row_height: float
    max_genes: int

    @classmethod
    def of(cls, members: dict[str, list[str]]) -> "_Layout":
        max_genes = max(len(genes) for genes in members.values())
        longest = max((len(gene) for genes in members.values() for gene in genes), default=0)
        names_width = _LETTER * longest + 0.15
        lines = max(style.wrap(title, 30).count("\n") + 1 for title in _titles(members))
        title_height = _LINE * lines + 0.16
        tile_width = (_WIDTH - names_width - 0.1) / 3
        return cls(names_width, tile_width, title_height, max_genes * _ROW + title_height, max_genes)


def _titles(names: Iterable[str]) -> list[str]:
    return [f"{k}  {name}" for k, name in enumerate(names, start=1)]


def _draw_tiles(axes: "Axes", values: Floats, layout: _Layout, height: float, scale: "Scale") -> "QuadMesh":
    """Draw the tiles of all panels as one mesh, whose tiles between the panels are empty."""
    n_rows = len(values) // layout.max_genes
    left = np.arange(PANELS_PER_ROW)[:, None] * _WIDTH + layout.names_width
    x = (left + np.arange(4) * layout.tile_width).ravel()
    top = height - _ABOVE - layout.title_height - np.arange(n_rows)[:, None] * layout.row_height
    y = (top - np.arange(layout.max_genes + 1) * _ROW).ravel()
    tiles = np.full((len(y) - 1, len(x) - 1), np.nan)
    rows = np.delete(np.arange(len(y) - 1), np.arange(1, n_rows) * (layout.max_genes + 1) - 1)
    columns = np.delete(np.arange(len(x) - 1), np.arange(1, PANELS_PER_ROW) * 4 - 1)
    tiles[np.ix_(rows, columns)] = values
    low, high = scale.limits
    return axes.pcolormesh(x, y, np.ma.masked_invalid(tiles), cmap=scale.cmap, vmin=low, vmax=high, zorder=0)


def _color_bar(figure: "Figure", image: "QuadMesh", label: str) -> None:
    height = figure.get_figheight()
    axes = figure.add_axes((0.5 - 0.175, 1 - 0.75 / height, 0.35, 0.14 / height))
    bar = figure.colorbar(image, cax=axes, orientation="horizontal")
    style.label_color_bar(bar, label)
    axes.xaxis.set_ticks_position("top")
    axes.xaxis.set_label_position("top")


def compare_with_others(scaled: Floats, k: int) -> Floats:
    """Return genes x 3: the value in type k, in the highest other type, and the mean over the other types.

    Examples
    --------
    >>> compare_with_others(np.array([[1.0, 0.2], [0.5, 1.0], [0.0, 0.0]]), 0)
    array([[1.  , 0.5 , 0.25],
           [0.2 , 1.  , 0.5 ]])
    """
    others = np.delete(scaled, k, axis=0)
    return np.column_stack([scaled[k], others.max(axis=0), others.mean(axis=0)])


def highest_other(scaled: Floats, k: int) -> NDArray[np.intp]:
    """Return for each gene the type in which it is highest, type k apart.

    Examples
    --------
    >>> highest_other(np.array([[1.0, 0.2], [0.5, 1.0], [0.0, 0.0]]), 0).tolist()
    [1, 1]
    """
    others = scaled.copy()
    others[k] = -np.inf
    return np.asarray(others.argmax(axis=0))


def _draw_panel(axes: "Axes", left: float, top: float, layout: _Layout, title: tuple[str, str]) -> None:
    """Write the name of a type above its panel, from the left end of the names of its genes, and draw its colour."""
    name, color = title
    start = left - layout.names_width + 0.06
    axes.text(start, top + 0.06, style.wrap(name, 30), va="bottom", fontsize=style.SMALL, color=style.INK)
    end = left + 0.35 * layout.tile_width
    axes.plot([left, end], [top + 0.02] * 2, color=color, linewidth=3, solid_capstyle="butt")


def _write_genes(axes: "Axes", left: float, top: float, tile_width: float, genes: list[str]) -> None:
    for row, gene in enumerate(genes):
        y = top - (row + 0.5) * _ROW
        axes.text(left - 0.04, y, gene, ha="right", va="center_baseline", fontsize=style.TINY, color=style.INK)


def _write_numbers(
    axes: "Axes", left: float, top: float, tile_width: float, types: NDArray[np.intp], values: Floats
) -> None:
    for row, (k, value) in enumerate(zip(types.tolist(), values.tolist(), strict=True)):
        color, y = style.INK if value > _LIGHT else "white", top - (row + 0.5) * _ROW
        x = left + 1.5 * tile_width
        axes.text(x, y, str(k + 1), ha="center", va="center", fontsize=style.TINY, color=color)


def _write_columns(axes: "Axes", left: float, bottom: float, tile_width: float) -> None:
    for column, text in enumerate(COLUMNS):
        x = left + (column + 0.5) * tile_width
        alignment: dict[str, Any] = {"rotation": 30, "ha": "right", "va": "top", "rotation_mode": "anchor"}
        axes.text(x, bottom - 0.06, text, fontsize=style.TINY, color=style.INK, **alignment)
