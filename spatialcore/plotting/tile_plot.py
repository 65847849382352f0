"""Types x genes as coloured tiles, in as many bands as it takes for the genes' names to be read."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatialcore.plotting import style
from spatialcore.plotting.groups import Groups

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW, _COLUMN = 0.17, 0.145
_WIDEST, _TALLEST = 60, 28.0
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """What a colour stands for: the map, its ends, and what it says beside the bar."""

    cmap: str
    limits: tuple[float, float]
    label: str


def genes_that_fit(table: pd.DataFrame, n_types: int, n_genes: int) -> tuple[pd.DataFrame, int]:
    """Keep as many genes per type as can be read; a gene of several types stands where its rank is best."""
    room = _bands_at_most(n_types) * _WIDEST
    per_type = max(1, min(n_genes, room // n_types))
    table = table[table["rank"] <= per_type]
    best = table.sort_values(["rank", "score"], ascending=[True, False]).drop_duplicates("gene").index
    return table.loc[sorted(best)], per_type


def _bands_at_most(n_types: int) -> int:
    return max(2, int(_TALLEST / (n_types * _ROW + 1.4)))


def draw_tiles(
    values: Matrix,
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
        Columns ``gene`` and ``cell_type``: the type whose gene it is; a white line divides the types' genes.
    colors
        Type -> colour of the mark beside its name.
    figsize
        Width and height in inches; as large as its content needs when not given.
    """
    n_bands = -(-max(values.shape[1], 1) // _WIDEST)
    widest = -(-values.shape[1] // n_bands)
    figure = style.new_figure(figsize or _size(groups, widest, n_bands))
    grid = list(figure.subplots(n_bands, 1, squeeze=False)[:, 0])
    image = None
    for band, axes in enumerate(grid):
        part = slice(band * widest, (band + 1) * widest)
        image = _band(axes, values[:, part], groups, chosen.iloc[part], scale)
        _mark_types(axes, groups, colors)
        axes.set_xlim(-0.5, widest - 0.5)
    where: dict[str, Any] = {"orientation": "horizontal", "location": "top", "shrink": 0.35, "aspect": 30}
    style.color_bar(figure, image, grid, scale.label, **where)
    return figure


def _size(groups: Groups, widest: int, n_bands: int) -> tuple[float, float]:
    labels = max(len(name) for name in groups.names) * 0.075 + 0.9
    height = n_bands * (len(groups.names) * _ROW + 1.0) + 0.9
    return max(6.0, labels + widest * _COLUMN + 0.8), max(2.6, height)


def _band(axes: Any, values: Matrix, groups: Groups, chosen: pd.DataFrame, scale: Scale) -> Any:
    low, high = scale.limits
    image = axes.imshow(values, aspect="auto", cmap=scale.cmap, vmin=low, vmax=high, interpolation="nearest")
    axes.set_xticks(range(len(chosen)), chosen["gene"], rotation=90, fontsize=style.TINY)
    axes.set_yticks(range(len(groups.names)), groups.names, fontsize=style.SMALL)
    axes.tick_params(length=0, pad=2)
    axes.tick_params(axis="y", pad=12)
    axes.spines[:].set_visible(False)
    owners = chosen["cell_type"].to_numpy()
    for edge in np.flatnonzero(owners[1:] != owners[:-1]):
        axes.axvline(edge + 0.5, color="white", linewidth=1.2)
    return image


def _mark_types(axes: Any, groups: Groups, colors: dict[str, str]) -> None:
    """Put a square of its colour beside each type's name."""
    from matplotlib.transforms import ScaledTranslation

    beside = axes.get_yaxis_transform() + ScaledTranslation(-6 / 72, 0, axes.figure.dpi_scale_trans)
    for k, name in enumerate(groups.names):
        axes.plot([0], [k], marker="s", ms=6, color=colors[name], transform=beside, clip_on=False)
