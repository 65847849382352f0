"""Differential genes of many types: one small heat map per type."""

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatialcore.core.types import Floats
from spatialcore.plotting import style
from spatialcore.plotting.expression import gene_positions
from spatialcore.plotting.groups import Groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

    from spatialcore.plotting.tile_plot import Scale

PANELS_PER_ROW: Final = 6
COLUMNS: Final = ("this type", "highest other", "mean of others")
_WIDTH, _ROW = 2.35, 0.155
_LETTER, _LINE = 0.068, 0.135  # inches of a letter of a gene, and of a line of a title
_ABOVE, _BELOW = 0.85, 0.55
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
    n_rows = -(-len(groups.names) // PANELS_PER_ROW)
    height = max(len(names) for names in members.values()) * _ROW
    longest = max((len(gene) for genes_of_type in members.values() for gene in genes_of_type), default=0)
    names_width = _LETTER * longest + 0.15
    title_height = _LINE * max(style.wrap(f"{name} 000", 30).count("\n") + 1 for name in groups.names) + 0.1
    margins = style.Margins(names_width, 0.1, _BELOW, _ABOVE + title_height)
    size = (_WIDTH * PANELS_PER_ROW, n_rows * (height + title_height) + _ABOVE + _BELOW)
    figure = style.new_figure(size, layout=None)
    gap = (names_width + 0.1, title_height)
    panels = style.panels(figure, n_rows, PANELS_PER_ROW, margins, gap=gap).ravel()
    image = None
    for axes in panels[len(groups.names) :]:
        style.hide_axes(axes)
    for k, (axes, name) in enumerate(zip(panels, groups.names, strict=False)):
        own = scaled[:, gene_positions(genes, members[name])]
        values = compare_with_others(own, k)
        low, high = scale.limits
        image = axes.imshow(values, aspect="auto", cmap=scale.cmap, vmin=low, vmax=high, interpolation="nearest")
        _write_numbers(axes, highest_other(own, k), values[:, 1])
        _label(
            axes, f"{k + 1}  {name}", members[name], colors[name], show_columns=k >= len(groups.names) - PANELS_PER_ROW
        )
    if image is not None:
        _color_bar(figure, image, scale.label)
    return figure


def _color_bar(figure: "Figure", image: "AxesImage", label: str) -> None:
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


def _write_numbers(axes: "Axes", types: NDArray[np.intp], values: Floats) -> None:
    for row, (k, value) in enumerate(zip(types.tolist(), values.tolist(), strict=True)):
        color = style.INK if value > _LIGHT else "white"
        axes.text(1, row, str(k + 1), ha="center", va="center", fontsize=style.TINY, color=color)


def _label(axes: "Axes", name: str, genes: list[str], color: str, *, show_columns: bool) -> None:
    axes.set_yticks(range(len(genes)), genes, fontsize=style.TINY)
    axes.set_xticks(range(len(COLUMNS)) if show_columns else [], COLUMNS if show_columns else [], fontsize=style.TINY)
    axes.tick_params(length=0, pad=2)
    axes.tick_params(axis="x", rotation=30)
    axes.spines[:].set_visible(False)
    style.panel_title(axes, style.wrap(name, 30), loc="left")
    axes.axvline(-0.5, color=color, linewidth=4)
