"""Classes that the model confuses on held-out cells at the depth of the query."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.plotting import style
from spatialcore.plotting.manifest import held_out_scores, model_card

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAX_PAIRS: Final = 20
_MIN_SHARE: Final = 0.05


def plot_confusable_pairs(adata: AnnData, save: str | Path | None = None) -> "Figure":
    """Plot the most frequent confusions as shares of the cells of the true class.

    Parameters
    ----------
    adata
        Annotated data with a model card in the run manifest.
    save
        Path to write the figure to; the table of all pairs is written next to it as CSV.

    Returns
    -------
    The figure: one bar per pair of classes; a placeholder if there are none.

    Examples
    --------
    >>> import anndata, pandas
    >>> obs = pandas.DataFrame({"cell_type": ["T cell", "B cell"]}, index=["a", "b"])
    >>> adata = anndata.AnnData(obs=obs)
    >>> figure = plot_confusable_pairs(adata)
    """
    table = confusion_table(adata)
    frequent = table[table["share"] >= _MIN_SHARE].head(_MAX_PAIRS)
    if table.empty and not held_out_scores(adata):
        figure = style.placeholder("The model card has no held-out confusion matrix.", title="Confusable pairs")
    elif frequent.empty:
        text = f"No class has {100 * _MIN_SHARE:.0f} % or more of its held-out cells predicted as one other class."
        figure = style.placeholder(text, title="Confusable pairs")
    else:
        figure = style.new_figure((9.0, 1.8 + 0.34 * len(frequent)))
        _bars(figure.add_subplot(), frequent)
        style.set_title(figure, "Most frequent confusions", "Held-out reference cells at the depth of the query.")
    style.save_with_table(figure, table, save)
    return figure


def confusion_table(adata: AnnData) -> pd.DataFrame:
    """Return all confusions, the largest share first.

    Columns: ``cell_type`` (true class), ``called`` (predicted class), ``n_cells``, ``share`` of the true class.
    """
    classes = model_card(adata).get("classes") or []
    counts = np.asarray(held_out_scores(adata).get("confusion") or np.zeros((len(classes), len(classes))))
    totals = np.maximum(counts.sum(axis=1), 1)
    rows = [
        (classes[i], classes[j], int(counts[i, j]), float(counts[i, j] / totals[i]))
        for i, j in zip(*np.nonzero(counts), strict=True)
        if i != j
    ]
    table = pd.DataFrame(rows, columns=["cell_type", "called", "n_cells", "share"])
    return table.sort_values(["share", "n_cells"], ascending=False, kind="stable", ignore_index=True)


def _bars(axes: "Axes", table: pd.DataFrame) -> None:
    names = [f"{truth}  →  {called}" for truth, called in zip(table["cell_type"], table["called"], strict=True)]
    rows = range(len(table))
    bars = axes.barh(rows, 100 * table["share"], color=style.LOW, height=0.7)
    axes.set_yticks(rows, [style.wrap(name, 64) for name in names])
    sizes = zip(table["share"], table["n_cells"], strict=True)
    texts = [f"{100 * share:.0f} % ({cells:,} of {cells / share:,.0f} cells)" for share, cells in sizes]
    style.label_bars(axes, bars, texts)
    axes.invert_yaxis()
    axes.margins(x=0.25, y=0.03)
    axes.set_xlabel("Share of the cells of the true class (%)", fontsize=style.SMALL)
    style.style_axes(axes, grid="x")
