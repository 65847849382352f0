"""Training cells per type and source, before and after balancing."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.colors.palette import palette
from spatialcore.plotting import style
from spatialcore.plotting.manifest import manifest_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW: Final = 0.26


def plot_reference_composition(adata: AnnData, save: str | Path | None = None) -> "Figure":
    """Plot the reference cells per type, stacked by source, before and after balancing.

    Parameters
    ----------
    adata
        Data annotated by :func:`spatialcore.annotation.train_and_annotate`, with a run manifest.
    save
        Path to write the figure to; the table is written next to it as CSV.

    Returns
    -------
    The figure; a placeholder if the run manifest has no training cells.

    Examples
    --------
    >>> import anndata, pandas
    >>> obs = pandas.DataFrame({"cell_type": ["T cell", "B cell"]}, index=["a", "b"])
    >>> adata = anndata.AnnData(obs=obs)
    >>> figure = plot_reference_composition(adata)
    """
    table = manifest_table(adata, "reference_composition_json")
    if table.empty:
        figure = style.placeholder("The run manifest has no training cells.", title="Training cells")
    else:
        figure = _draw(table)
    style.save_with_table(figure, None if table.empty else table, save)
    return figure


def _draw(table: pd.DataFrame) -> "Figure":
    order = table.groupby("cell_type")["before"].sum().sort_values(ascending=False, kind="stable").index
    sources = sorted(table["source"].unique())
    figure = style.new_figure((12.0, max(3.2, 2.0 + _ROW * len(order))))
    left, right = figure.subplots(1, 2, sharey=True)
    colors = palette(sources)
    for axes, column, title in ((left, "before", "Before balancing"), (right, "after", "After balancing")):
        by_source = table.pivot_table(index="cell_type", columns="source", values=column, fill_value=0).reindex(order)
        _stack(axes, by_source, colors)
        total = int(table[column].sum())
        axes.set_title(f"{title}: {total:,} cells", fontsize=style.NORMAL, loc="left", color=style.INK)

    left.set_yticks(range(len(order)), [style.wrap(str(name), 48) for name in order])
    left.invert_yaxis()
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=4, frameon=False, fontsize=style.SMALL)
    style.set_title(figure, "Training cells by type and source")
    return figure


def _stack(axes: "Axes", by_source: pd.DataFrame, colors: dict[str, str]) -> None:
    start = np.zeros(len(by_source))
    for source in by_source.columns:
        cells = by_source[source].to_numpy(dtype=np.float64)
        style.draw_bars(axes, cells, start=start, color=colors[source], label=str(source))
        start = start + cells
    axes.set_xlabel("Cells", fontsize=style.SMALL)
    axes.margins(y=0.02)
    style.style_axes(axes, grid="x")
