"""Do the markers of each type mark that type and no other? Types x marker sets, as AUC."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.plotting import style
from spatialcore.plotting.markers import score_markers

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_marker_separation(
    adata: AnnData,
    label_column: str,
    markers: dict[str, list[str]] | None = None,
    min_cells_per_type: int = 15,
    save: str | Path | None = None,
) -> "Figure":
    """Draw the chance that a cell of a type (row) scores higher on a set of markers (column) than other cells.

    A clean annotation is green on the diagonal and pale elsewhere; a green cell off the diagonal is a type that carries
    another type's markers.

    Parameters
    ----------
    adata
        Annotated cells; ``X`` in log1p(10k), or counts.
    label_column
        Column of ``obs`` with the calls.
    markers
        Type -> genes; the canonical markers when not given.
    min_cells_per_type
        Types with fewer cells are left out.
    save
        Where to write the figure; the matrix goes beside it as CSV.
    """
    scored = score_markers(adata, label_column, markers, min_cells=min_cells_per_type)
    table = scored.auc.loc[[*scored.sets, *scored.without]]
    if table.empty or not len(table.columns):
        figure = style.placeholder("No type has markers among the genes of this panel.", title="Marker separation")
    else:
        figure = _draw(table)
    style.save_with_numbers(figure, table.rename_axis("cell_type").reset_index(), save)
    return figure


def _draw(table: pd.DataFrame) -> "Figure":
    width, height = 5.0 + 0.42 * table.shape[1], 3.4 + 0.3 * table.shape[0]
    figure = style.new_figure((max(7.0, width), height))
    axes = figure.add_subplot()
    image = axes.imshow(table.to_numpy(), cmap="PRGn", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(table.shape[1]), list(table.columns), rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(table.shape[0]), [style.wrap(name, 44) for name in table.index])
    axes.set_xlabel("Markers of", fontsize=style.SMALL)
    axes.set_ylabel("Cells called", fontsize=style.SMALL)
    style.tidy(axes)
    if table.size <= 900:
        _numbers(axes, table)
    style.color_bar(figure, image, axes, "AUC (0.5: no better than chance)")
    style.set_title(figure, "Which types carry which markers")
    return figure


def _numbers(axes: Any, table: pd.DataFrame) -> None:
    for (i, j), value in np.ndenumerate(table.to_numpy()):
        if np.isfinite(value):
            color = "white" if abs(value - 0.5) > 0.38 else style.INK
            axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=style.TINY, color=color)
