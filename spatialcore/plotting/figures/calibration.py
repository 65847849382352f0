"""Calibration plot: accuracy against confidence on held-out reference cells at the depth of the query."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.types import Floats
from spatialcore.plotting import style
from spatialcore.plotting.intervals import wilson_interval
from spatialcore.plotting.manifest import held_out_scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BLUE: Final = "#0072b2"
_MIN_CELLS: Final = 10  # of a bin: with fewer, its accuracy says little


def plot_calibration(adata: AnnData, threshold: float = 0.8, save: str | Path | None = None) -> "Figure":
    """Plot accuracy against confidence on held-out cells, with the number of cells per bin.

    Parameters
    ----------
    adata
        Annotated data with a model card in the run manifest.
    threshold
        Minimum confidence of a call.
    save
        Path to write the figure to; the table is written next to it as CSV.

    Returns
    -------
    The figure; a placeholder if the model card has no held-out scores.

    Examples
    --------
    >>> import anndata, pandas
    >>> obs = pandas.DataFrame({"cell_type": ["T cell", "B cell"]}, index=["a", "b"])
    >>> adata = anndata.AnnData(obs=obs)
    >>> figure = plot_calibration(adata)
    """
    table = pd.DataFrame(held_out_scores(adata).get("reliability") or [])
    if table.empty:
        figure = style.placeholder("The model card has no held-out calibration.", title="Calibration")
    else:
        figure = style.new_figure((6.0, 6.2))
        upper, lower = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
        _curve(upper, table, threshold)
        _counts(lower, table)
        style.set_title(figure, "Calibration", _note(table))
    style.save_with_table(figure, None if table.empty else table, save)
    return figure


def expected_calibration_error(table: pd.DataFrame) -> float:
    """Return the mean difference of confidence and accuracy over bins, weighted by cells (Naeini et al. 2015)."""
    weight = table["n_cells"] / table["n_cells"].sum()
    return float((weight * (table["confidence"] - table["accuracy"]).abs()).sum())


def _note(table: pd.DataFrame) -> str:
    error = expected_calibration_error(table)
    return f"Mean difference of confidence and accuracy (expected calibration error): {error:.3f}."


def _curve(axes: "Axes", table: pd.DataFrame, threshold: float) -> None:
    axes.plot([0, 1], [0, 1], color=style.MUTED, linestyle=":", linewidth=1, label="perfect calibration")
    axes.vlines(table["confidence"], *_intervals(table), color=_BLUE, linewidth=1, alpha=0.6)
    many = table[table["n_cells"] >= _MIN_CELLS]
    few = table[table["n_cells"] < _MIN_CELLS]
    dots: dict[str, Any] = {"marker": "o", "color": _BLUE, "clip_on": False}
    axes.plot(many["confidence"], many["accuracy"], linewidth=1.5, label="held-out cells, 95 % interval", **dots)
    if not few.empty:
        label = f"fewer than {_MIN_CELLS} cells"
        axes.plot(few["confidence"], few["accuracy"], linestyle="", mfc="white", label=label, **dots)
    axes.axvline(threshold, color=style.INK, linestyle="--", linewidth=0.8)
    offset: dict[str, Any] = {"xytext": (-4, 0), "textcoords": "offset points", "ha": "right"}
    axes.annotate(f"threshold {threshold:g}", (threshold, 0.02), fontsize=style.SMALL, color=style.INK, **offset)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("Accuracy", fontsize=style.SMALL)
    axes.figure.legend(loc="outside upper right", ncols=2, frameon=False, fontsize=style.SMALL)
    style.style_axes(axes, grid="y")


def _intervals(table: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return the lower and upper ends of the 95 % interval of the accuracy of each bin."""
    cells = table["n_cells"].to_numpy(dtype=np.int64)
    right = np.rint(table["accuracy"].to_numpy() * cells).astype(np.int64)
    return wilson_interval(right, cells)


def _counts(axes: "Axes", table: pd.DataFrame) -> None:
    width = table["high"] - table["low"]
    axes.bar(table["low"], table["n_cells"], width=width, align="edge", color=style.FAINT, ec="white")
    axes.set_xlabel("Confidence", fontsize=style.SMALL)
    axes.set_ylabel("Cells", fontsize=style.SMALL)
    style.count_cells(axes.yaxis)
    style.style_axes(axes)
