"""Separation of the types by their markers: AUC of types x marker sets."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore.annotation.colors import lineages
from spatialcore.core.text.wording import list_names
from spatialcore.plotting import style
from spatialcore.plotting.legend import by_lineage
from spatialcore.plotting.markers import MarkerScores, score_markers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_CELL: Final = 0.3  # inches
_MAX_WITH_VALUES: Final = 20


def plot_marker_separation(
    adata: AnnData,
    label_column: str,
    markers: dict[str, list[str]] | None = None,
    min_cells_per_type: int = 15,
    save: str | Path | None = None,
    *,
    scored: MarkerScores | None = None,
) -> "Figure":
    """Plot the AUC with which the marker score of a set (column) separates a type (row) from all other cells.

    Rows and columns have one order, by lineage, so that the diagonal is a type with its own markers. A good annotation
    has high AUC (green) on the diagonal only; a high AUC off the diagonal is a type that expresses the markers of
    another type. Types without a marker among the genes are left out.

    Parameters
    ----------
    adata
        Annotated cells; ``X`` holds log1p(10k) values or counts.
    label_column
        Column of ``obs`` with the calls.
    markers
        Genes by cell type. Default: the canonical markers.
    min_cells_per_type
        Types with fewer cells are excluded.
    save
        Path to write the figure to; the matrix is written next to it as CSV.
    scored
        Marker scores of these cells, if they are computed already.

    Returns
    -------
    The figure: types x markers of the same types.

    Examples
    --------
    >>> from scanpy.datasets import pbmc68k_reduced
    >>> adata = pbmc68k_reduced().raw.to_adata()
    >>> markers = {"CD19+ B": ["CD79A", "MS4A1"], "CD56+ NK": ["NKG7", "GNLY"]}
    >>> figure = plot_marker_separation(adata, "bulk_labels", markers)
    """
    scored = scored or score_markers(adata, label_column, markers)
    scored = scored.at_least(min_cells_per_type)
    order = by_lineage([name for name in scored.groups.names if name in scored.sets])
    table = scored.auc.loc[order, order]
    if table.empty:
        figure = style.placeholder("No type has a marker among the genes of this panel.", title="Marker separation")
    else:
        figure = _draw(table, scored.types_without_markers)
    style.save_with_table(figure, table.rename_axis("cell_type").reset_index(), save)
    return figure


def _draw(table: pd.DataFrame, without_markers: list[str]) -> "Figure":
    n = len(table)
    side = max(3.0, _CELL * n)
    longest = max(len(style.wrap(name, 44).split("\n")[0]) for name in table.index)
    figure = style.new_figure((side + 0.075 * longest + 2.0, side + 1.6))
    axes = figure.add_subplot()
    image = axes.imshow(table.to_numpy(), cmap="PRGn", vmin=0, vmax=1, aspect="auto")
    numbers = [str(k) for k in range(1, n + 1)]
    axes.set_xticks(range(n), numbers)
    names = [style.wrap(name, 44) for name in table.index]
    axes.set_yticks(range(n), [f"{name}  {k}" for name, k in zip(names, numbers, strict=True)])
    axes.set_xlabel("Markers of type (numbers as on the left)", fontsize=style.SMALL)
    axes.set_ylabel("Cells called", fontsize=style.SMALL)
    style.style_axes(axes)
    _mark_lineages(axes, list(table.index))
    if n <= _MAX_WITH_VALUES:
        _write_values(axes, table, style.inks_on(image.to_rgba(table.to_numpy())))
    style.color_bar(figure, image, axes, "AUC (0.5: chance level)")
    left_out = list_names(without_markers, 40)
    note = f"Left out, no marker on this panel: {left_out}." if without_markers else ""
    style.set_title(figure, "AUC of marker scores by cell type", note)
    return figure


def _mark_lineages(axes: "Axes", names: list[str]) -> None:
    """Draw lines between the lineages."""
    lineage = list(lineages(names).values())
    for k in range(1, len(names)):
        if lineage[k] != lineage[k - 1]:
            axes.axhline(k - 0.5, color=style.INK, linewidth=0.7)
            axes.axvline(k - 0.5, color=style.INK, linewidth=0.7)


def _write_values(axes: "Axes", table: pd.DataFrame, inks: NDArray[np.str_]) -> None:
    for (i, j), value in np.ndenumerate(table.to_numpy()):
        if np.isfinite(value):
            axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=style.TINY, color=inks[i, j])
