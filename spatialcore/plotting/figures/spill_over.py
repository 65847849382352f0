"""Spill-over: the foreign share on the tissue and per type, and which type spills into which."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.plotting import spatial, style
from spatialcore.plotting.groups import group_cells
from spatialcore.plotting.manifest import manifest_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW: Final = 0.28
_MAX_TYPES: Final = 30
_MAX_SHARE: Final = 0.6  # of the colour scale
_MIN_SCALE_END: Final = 0.05  # its end, where all shares are small
_MAX_NUMBERED_TYPES: Final = 15  # types; the numbers of more overlap
_MIN_NUMBERED_SHARE: Final = 0.005


def plot_spill_over(adata: AnnData, save: str | Path | None = None) -> "Figure":
    """Plot the foreign share of the cells on the tissue, its mean per type, and what each type received from which.

    Parameters
    ----------
    adata
        Annotated cells with ``foreign_share``.
    save
        Path to write the figure to; :func:`spill_over_table` is written next to it as CSV.

    Returns
    -------
    The figure; a placeholder where no spill-over was detected.
    """
    table = spill_over_table(adata)
    if table.empty:
        return style.placeholder("No spill-over was detected in this section.", title="Spill-over")
    all_types = shares_by_type(adata)
    types = all_types[:_MAX_TYPES]
    figure = style.new_figure((13.0, max(5.0, 1.8 + 2 * _ROW * len(types))))
    grid = figure.add_gridspec(2, 2, width_ratios=[1.0, 1.0])
    _map(figure.add_subplot(grid[:, 0]), adata)
    _bars(figure.add_subplot(grid[0, 1]), types)
    _matrix(figure.add_subplot(grid[1, 1]), table, list(types.index))
    share = (manifest_value(adata, "spill_over_json") or {}).get("foreign_share", 0.0)
    style.set_title(figure, f"{100 * share:.1f} % of the counts came from neighbours of another type", _note(all_types))
    style.save_with_table(figure, table, save)
    return figure


def _note(types: pd.DataFrame) -> str:
    return f"The {_MAX_TYPES} of {len(types)} types with the largest share." if len(types) > _MAX_TYPES else ""


def spill_over_table(adata: AnnData) -> pd.DataFrame:
    """Return which type spills into which.

    Returns
    -------
    Columns ``cell_type`` (best class of the receiving cells), ``from`` (type of the neighbours), ``counts`` (expected
    counts received) and ``share`` of all counts of the receiving cells' foreign counts; empty where no spill-over was
    detected.
    """
    received = (manifest_value(adata, "spill_over_json") or {}).get("received") or {}
    rows = [(into, sender, counts) for into, parts in received.items() for sender, counts in parts.items()]
    table = pd.DataFrame(rows, columns=["cell_type", "from", "counts"])
    table["share"] = table["counts"] / table.groupby("cell_type")["counts"].transform("sum")
    return table


def shares_by_type(adata: AnnData) -> pd.DataFrame:
    """Return mean ``foreign_share``, its null and the number of cells of each best class, the largest share first."""
    if columns.FOREIGN_SHARE not in adata.obs:
        return pd.DataFrame(columns=["foreign_share", "null", "n_cells"])
    groups = group_cells(adata, columns.PREDICTED)
    names = np.array(groups.names, dtype=object)[groups.codes]
    shares = adata.obs[columns.FOREIGN_SHARE].groupby(names)
    null = adata.obs[columns.FOREIGN_SHARE_NULL].groupby(names).mean()
    table = pd.DataFrame({"foreign_share": shares.mean(), "null": null, "n_cells": shares.size()})
    table = table.drop(index=columns.UNASSIGNED, errors="ignore")
    return table.sort_values("foreign_share", ascending=False, kind="stable")


def _map(axes: "Axes", adata: AnnData) -> None:
    xy = spatial.coordinates(adata)
    if xy is None:
        style.hide_axes(axes)
        return
    shares = adata.obs[columns.FOREIGN_SHARE].to_numpy(dtype=np.float64)
    drawn = spatial.draw_values(axes, xy, shares, inches=6.0, cmap="viridis", vmin=0, vmax=_MAX_SHARE)
    spatial.set_up_map(axes, xy, unit=spatial.coordinate_unit(adata))
    axes.set_anchor("N")
    bar = axes.figure.colorbar(drawn, ax=axes, location="top", shrink=0.6, aspect=30, extend="max")
    bar.set_label("Foreign share", fontsize=style.SMALL)


def _bars(axes: "Axes", types: pd.DataFrame) -> None:
    places = range(len(types))
    percent = 100 * types["foreign_share"]
    style.draw_bars(axes, percent, color=style.LOW, height=0.7)
    axes.set_yticks(places, [style.wrap(str(name), 40) for name in types.index])
    sizes = zip(types["foreign_share"], types["n_cells"], strict=True)
    style.label_bars(axes, percent, [f"{100 * share:.0f} % ({cells:,} cells)" for share, cells in sizes])
    axes.invert_yaxis()
    axes.margins(x=0.3, y=0.03)
    axes.set_xlabel("Mean foreign share of the cells called so (%)", fontsize=style.SMALL)
    style.style_axes(axes, grid="x")


def _matrix(axes: "Axes", table: pd.DataFrame, types: list[str]) -> None:
    shares = table.pivot(index="cell_type", columns="from", values="share").reindex(index=types, columns=types)
    values = shares.fillna(0).to_numpy()
    largest = max(float(values.max(initial=0)), _MIN_SCALE_END)
    axes.imshow(values, cmap="Greys", vmin=0, vmax=largest, aspect="auto")
    if len(types) <= _MAX_NUMBERED_TYPES:
        for row, column in np.argwhere(values >= _MIN_NUMBERED_SHARE):
            color = "white" if values[row, column] > 0.6 * largest else style.INK
            text = f"{100 * values[row, column]:.0f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=style.SMALL, color=color)
    _name_types(axes, types)
    axes.tick_params(labelsize=style.SMALL)
    axes.set_ylabel("Received by", fontsize=style.SMALL)


def _name_types(axes: "Axes", types: list[str]) -> None:
    """Name rows and columns; the columns of many types have the numbers of their rows."""
    names, places = [style.wrap(name, 40) for name in types], range(len(types))
    label = "Came from (% of the foreign counts of a row)"
    if len(types) <= _MAX_NUMBERED_TYPES:
        axes.set_xticks(places, [style.wrap(name, 24) for name in types], rotation=60, ha="right")
        axes.set_yticks(places, names)
    else:
        axes.set_xticks(places, [str(k + 1) for k in places])
        axes.set_yticks(places, [f"{name}  {k + 1}" for name, k in zip(names, places, strict=True)])
        label = "Came from (numbers as on the left; dark: a large part of the foreign counts of a row)"
    axes.set_xlabel(label, fontsize=style.SMALL)
