"""What the model was trained on: cells per type and source, before and after balancing."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.palette import palette
from spatialcore.plotting import style
from spatialcore.plotting.recorded import recorded_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW: Final = 0.26


def plot_reference_composition(adata: AnnData, save: str | Path | None = None) -> "Figure":
    """Draw the reference cells per type, stacked by source, as read and as trained on.

    Parameters
    ----------
    adata
        Data annotated by :func:`spatialcore.annotation.train_and_annotate`, whose manifest holds the numbers.
    save
        Where to write the figure; the table goes beside it as CSV.
    """
    table = recorded_table(adata, "reference_composition_json")
    if table.empty:
        figure = style.placeholder("The data do not say what the model was trained on.", title="Training cells")
    else:
        figure = _draw(table)
    style.save_with_numbers(figure, None if table.empty else table, save)
    return figure


def _draw(table: pd.DataFrame) -> "Figure":
    order = table.groupby("cell_type")["before"].sum().sort_values(ascending=False, kind="stable").index
    sources = sorted(table["source"].unique())
    figure = style.new_figure((12.0, max(3.2, 2.0 + _ROW * len(order))))
    left, right = figure.subplots(1, 2, sharey=True)
    colors = palette(sources)
    for axes, column, title in ((left, "before", "As read"), (right, "after", "As trained on, balanced")):
        wide = table.pivot_table(index="cell_type", columns="source", values=column, fill_value=0).reindex(order)
        _stack(axes, wide, colors)
        total = int(table[column].sum())
        axes.set_title(f"{title}: {total:,} cells", fontsize=style.NORMAL, loc="left", color=style.INK)

    left.set_yticks(range(len(order)), [style.wrap(str(name), 48) for name in order])
    left.invert_yaxis()
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=4, frameon=False, fontsize=style.SMALL)
    style.set_title(figure, "Training cells by type and source")
    return figure


def _stack(axes: Any, wide: pd.DataFrame, colors: dict[str, str]) -> None:
    start = np.zeros(len(wide))
    for source in wide.columns:
        cells = wide[source].to_numpy(dtype=np.float64)
        axes.barh(range(len(wide)), cells, left=start, color=colors[source], height=0.75, label=source)
        start += cells
    axes.set_xlabel("Cells", fontsize=style.SMALL)
    axes.margins(y=0.02)
    style.tidy(axes, grid="x")
