"""Classes that the model confuses on held-out cells at the depth of the query."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.text.wording import list_names
from spatialcore.plotting import style
from spatialcore.plotting.intervals import wilson_interval
from spatialcore.plotting.manifest import held_out_scores, model_card, records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAX_PAIRS: Final = 20
_MIN_SHARE: Final = 0.05
_BAR: Final = "#d98c6a"
MIN_CELLS: Final = 20  # held-out cells of the true class


def plot_confusable_pairs(adata: AnnData, save: str | Path | None = None) -> "Figure":
    """Plot the most frequent confusions as shares of the cells of the true class, with 95 % intervals.

    Classes with fewer than 20 held-out cells are left out: their shares say little.

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
    reason = no_confusions(adata)
    if reason:
        figure = style.placeholder(f"{reason[0].upper()}{reason[1:]}.", title="Confusable pairs")
    else:
        frequent = frequent_confusions(table, _MIN_SHARE).head(_MAX_PAIRS)
        figure = style.new_figure((9.0, 1.8 + 0.34 * len(frequent)))
        _bars(figure.add_subplot(), frequent)
        style.set_title(figure, "Most frequent confusions", _note(adata))
    style.save_with_table(figure, table, save)
    return figure


def no_confusions(adata: AnnData) -> str:
    """Return why there is nothing to plot; empty if there are frequent confusions."""
    if not held_out_scores(adata).get("confusion"):
        return "the model has no held-out confusion matrix"
    if frequent_confusions(confusion_table(adata), _MIN_SHARE).empty:
        requirement = f"{MIN_CELLS} or more held-out cells"
        return f"no class with {requirement} has {100 * _MIN_SHARE:.0f} % of them called another class"
    return ""


def confusion_table(adata: AnnData) -> pd.DataFrame:
    """Return all confusions, the largest share first.

    Columns: ``cell_type`` (true class), ``called`` (predicted class), ``n_cells``, ``n_true`` (held-out cells of the
    true class), ``share`` of the true class, ``low`` and ``high`` (its 95 % interval after Wilson).
    """
    classes = model_card(adata).get("classes") or []
    counts = np.asarray(held_out_scores(adata).get("confusion") or np.zeros((len(classes), len(classes))))
    totals = np.maximum(counts.sum(axis=1), 1)
    rows = [
        (classes[i], classes[j], int(counts[i, j]), int(totals[i]), float(counts[i, j] / totals[i]))
        for i, j in zip(*np.nonzero(counts), strict=True)
        if i != j
    ]
    table = pd.DataFrame(rows, columns=["cell_type", "called", "n_cells", "n_true", "share"])
    table["low"], table["high"] = wilson_interval(table["n_cells"].to_numpy(), table["n_true"].to_numpy())
    return table.sort_values(["share", "n_cells"], ascending=False, kind="stable", ignore_index=True)


def frequent_confusions(table: pd.DataFrame, min_share: float) -> pd.DataFrame:
    """Return the confusions with at least this share, of classes with at least 20 held-out cells."""
    return table[(table["share"] >= min_share) & (table["n_true"] >= MIN_CELLS)]


def _note(adata: AnnData) -> str:
    few = [name for name, n in (held_out_scores(adata).get("cells") or {}).items() if n < MIN_CELLS]
    left_out = f" Classes with fewer than {MIN_CELLS} held-out cells, left out: {list_names(few)}." if few else ""
    return f"Held-out reference cells at the depth of the query; lines: 95 % intervals.{left_out}"


def _bars(axes: "Axes", table: pd.DataFrame) -> None:
    names = [f"{truth}  →  {called}" for truth, called in zip(table["cell_type"], table["called"], strict=True)]
    rows = range(len(table))
    style.draw_bars(axes, 100 * table["share"], color=_BAR, height=0.7)
    whiskers = 100 * np.array([table["share"] - table["low"], table["high"] - table["share"]])
    axes.errorbar(100 * table["share"], rows, xerr=whiskers, fmt="none", ecolor=style.INK, elinewidth=1, capsize=2)
    axes.set_yticks(rows, [style.wrap(name, 64) for name in names])
    for y, row in enumerate(records(table)):
        text = f"{100 * row['share']:.0f} % ({row['n_cells']:,} of {row['n_true']:,})"
        style.label_at(axes, 100 * row["high"], y, text)
    axes.invert_yaxis()
    axes.margins(x=0.25, y=0.03)
    axes.set_xlabel("Share of the cells of the true class (%)", fontsize=style.SMALL)
    style.style_axes(axes, grid="x")
