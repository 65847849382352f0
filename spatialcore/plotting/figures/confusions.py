"""Which classes this panel cannot tell apart, from held-out cells at the platform's depth."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.plotting import style
from spatialcore.plotting.recorded import held_out, model_card

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN: Final = 20
_LEAST: Final = 0.05


def plot_confusable_pairs(adata: AnnData, save: str | Path | None = None) -> "Figure":
    """Draw the pairs of classes that are taken for each other most, as shares of the true class's cells.

    Parameters
    ----------
    adata
        Annotated data that carry the model's card.
    save
        Where to write the figure; the table of all pairs goes beside it as CSV.
    """
    table = confusion_table(adata)
    worth = table[table["share"] >= _LEAST].head(_SHOWN)
    if table.empty and not held_out(adata):
        figure = style.placeholder("The model has no held-out cells to find confusions in.", title="Confusable pairs")
    elif worth.empty:
        text = f"No class gives {100 * _LEAST:.0f} % of its held-out cells to another."
        figure = style.placeholder(text, title="Confusable pairs")
    else:
        figure = style.new_figure((9.0, 1.8 + 0.34 * len(worth)))
        _bars(figure.add_subplot(), worth)
        style.set_title(figure, "What this panel confuses", "Held-out reference cells, brought to the query's depth.")
    style.save_with_numbers(figure, table, save)
    return figure


def confusion_table(adata: AnnData) -> pd.DataFrame:
    """Return cell_type, called, n_cells, share (of the type's cells) for every confusion, the largest share first."""
    classes = model_card(adata).get("classes") or []
    counts = np.asarray(held_out(adata).get("confusion") or np.zeros((len(classes), len(classes))))
    totals = np.maximum(counts.sum(axis=1), 1)
    rows = [
        (classes[i], classes[j], int(counts[i, j]), float(counts[i, j] / totals[i]))
        for i, j in zip(*np.nonzero(counts), strict=True)
        if i != j
    ]
    table = pd.DataFrame(rows, columns=["cell_type", "called", "n_cells", "share"])
    return table.sort_values(["share", "n_cells"], ascending=False, kind="stable", ignore_index=True)


def _bars(axes: Any, table: pd.DataFrame) -> None:
    names = [f"{truth}  →  {called}" for truth, called in zip(table["cell_type"], table["called"], strict=True)]
    places = range(len(table))
    bars = axes.barh(places, 100 * table["share"], color=style.LOW, height=0.7)
    axes.set_yticks(places, [style.wrap(name, 64) for name in names])
    numbers = zip(table["share"], table["n_cells"], strict=True)
    texts = [f"{100 * share:.0f} % ({cells:,} of {cells / share:,.0f} cells)" for share, cells in numbers]
    style.label_bars(axes, bars, texts)
    axes.invert_yaxis()
    axes.margins(x=0.25, y=0.03)
    axes.set_xlabel("Of the type's cells (%)", fontsize=style.SMALL)
    style.tidy(axes, grid="x")
