"""Tile plots of types x genes, split into bands so that the gene names remain legible."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from spatialcore.core.types import Floats
from spatialcore.plotting import style
from spatialcore.plotting.gene_groups import group_runs, name_gene_groups
from spatialcore.plotting.groups import Groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_ROW, _COLUMN = 0.17, 0.145
_MAX_COLUMNS, _MAX_HEIGHT = 60, 28.0
_ABOVE_NAMES = 0.06  # inches between the names of the types and the colour bar


@dataclass(frozen=True)
class Scale:
    """Colour map, limits and label of the colour bar."""

    cmap: str
    limits: tuple[float, float]
    label: str


def fits_tiles(n_types: int, n_genes: int) -> bool:
    """Return whether a tile plot with this number of genes per type is legible."""
    n_bands = max(2, int(_MAX_HEIGHT / (n_types * _ROW + 1.4)))
    return n_types * n_genes <= n_bands * _MAX_COLUMNS


def draw_tiles(
    values: Floats,
    groups: Groups,
    chosen: pd.DataFrame,
    scale: Scale,
    *,
    colors: dict[str, str],
    figsize: tuple[float, float] | None,
) -> "Figure":
    """Draw one row per type and one column per gene.

    Parameters
    ----------
    values
        Types x genes, in the order of ``groups`` and ``chosen``.
    chosen
        Columns ``gene`` and ``cell_type`` (type of the gene). Each type is named above its genes.
    colors
        Colour by type, shown next to the name of the type.
    figsize
        Width and height in inches. Default: fits the content.
    """
    n_bands = -(-max(values.shape[1], 1) // _MAX_COLUMNS)
    n_columns = -(-values.shape[1] // n_bands)
    figure = style.new_figure(figsize or _size(groups, n_columns, n_bands))
    grid = list(figure.subplots(n_bands, 1, squeeze=False)[:, 0])
    images = []
    for band, axes in enumerate(grid):
        part = slice(band * n_columns, (band + 1) * n_columns)
        images.append(_band(axes, values[:, part], groups, chosen.iloc[part], scale))
        _mark_types(axes, groups, colors)
        axes.set_xlim(-0.5, n_columns - 0.5)
    gap = _ABOVE_NAMES / (len(groups.names) * _ROW * n_bands)  # as a share of the height of the bands
    options: dict[str, Any] = {"orientation": "horizontal", "location": "top", "shrink": 0.35, "aspect": 30, "pad": gap}
    style.color_bar(figure, images[-1], grid, scale.label, **options)
    return figure


def _size(groups: Groups, n_columns: int, n_bands: int) -> tuple[float, float]:
    labels = max(len(name) for name in groups.names) * 0.075 + 0.9
    height = n_bands * (len(groups.names) * _ROW + 1.5) + 0.9
    return max(6.0, labels + n_columns * _COLUMN + 0.8), max(2.6, height)


def _band(axes: "Axes", values: Floats, groups: Groups, chosen: pd.DataFrame, scale: Scale) -> "AxesImage":
    low, high = scale.limits
    image = axes.imshow(values, aspect="auto", cmap=scale.cmap, vmin=low, vmax=high, interpolation="nearest")
    axes.set_xticks(range(len(chosen)), chosen["gene"], rotation=90, fontsize=style.TINY)
    axes.set_yticks(range(len(groups.names)), groups.names, fontsize=style.SMALL)
    axes.tick_params(length=0, pad=2)
    axes.tick_params(axis="y", pad=12)
    axes.spines[:].set_visible(False)
    types = chosen["cell_type"].astype(str).tolist()
    for first, _, _ in group_runs(types):
        axes.axvline(first - 0.5, color="white", linewidth=1.2)
    name_gene_groups(axes, types, _COLUMN)
    return image


def _mark_types(axes: "Axes", groups: Groups, colors: dict[str, str]) -> None:
    """Draw a square in the colour of each type next to its name."""
    from matplotlib.transforms import ScaledTranslation

    left_of_axis = axes.get_yaxis_transform() + ScaledTranslation(-6 / 72, 0, axes.figure.dpi_scale_trans)
    for k, name in enumerate(groups.names):
        axes.plot([0], [k], marker="s", ms=6, color=colors[name], transform=left_of_axis, clip_on=False)
