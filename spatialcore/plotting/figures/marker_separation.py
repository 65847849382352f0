"""Separation of the types by their markers: AUC of types x marker sets."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.plotting import style
from spatialcore.plotting.markers import score_markers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_marker_separation(
    adata: AnnData,
    label_column: str,
    markers: dict[str, list[str]] | None = None,
    min_cells_per_type: int = 15,
    save: str | Path | None = None,
) -> "Figure":
    """Plot the AUC with which the marker score of a set (column) separates a type (row) from all other cells.

    A good annotation has high AUC (green) on the diagonal only; a high AUC off the diagonal is a type that expresses
    the markers of another type.

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

    Returns
    -------
    The figure: types x marker sets.

    Examples
    --------
    >>> from scanpy.datasets import pbmc68k_reduced
    >>> adata = pbmc68k_reduced().raw.to_adata()
    >>> markers = {"CD19+ B": ["CD79A", "MS4A1"], "CD56+ NK": ["NKG7", "GNLY"]}
    >>> figure = plot_marker_separation(adata, "bulk_labels", markers)
    """
    scored = score_markers(adata, label_column, markers, min_cells=min_cells_per_type)
    table = scored.auc.loc[[*scored.sets, *scored.types_without_markers]]
    if table.empty or not len(table.columns):
        figure = style.placeholder("No type has a marker among the genes of this panel.", title="Marker separation")
    else:
        figure = _draw(table)
    style.save_with_table(figure, table.rename_axis("cell_type").reset_index(), save)
    return figure


def _draw(table: pd.DataFrame) -> "Figure":
    width, height = 5.0 + 0.42 * table.shape[1], 3.4 + 0.3 * table.shape[0]
    figure = style.new_figure((max(7.0, width), height))
    axes = figure.add_subplot()
    image = axes.imshow(table.to_numpy(), cmap="PRGn", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(table.shape[1]), list(table.columns), rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(table.shape[0]), [style.wrap(name, 44) for name in table.index])
    axes.set_xlabel("Marker set", fontsize=style.SMALL)
    axes.set_ylabel("Call", fontsize=style.SMALL)
    style.style_axes(axes)
    if table.size <= 900:
        _write_values(axes, table)
    style.color_bar(figure, image, axes, "AUC (0.5: chance level)")
    style.set_title(figure, "AUC of marker scores by cell type")
    return figure


def _write_values(axes: "Axes", table: pd.DataFrame) -> None:
    for (i, j), value in np.ndenumerate(table.to_numpy()):
        if np.isfinite(value):
            color = "white" if abs(value - 0.5) > 0.38 else style.INK
            axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=style.TINY, color=color)
