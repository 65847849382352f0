"""Spill-over: the foreign share on the tissue and per type, and which type spills into which."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.text.wording import number_of, percent
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
    height = max(5.0, 1.8 + 2 * _ROW * len(types))
    right_width = 6.5 if len(types) <= _MAX_NUMBERED_TYPES else 8.5
    figure = style.new_figure((6.5 + right_width, height))
    # two parts, each with a layout of its own: the names below the matrix take no space from the map
    parts: Any = figure.subfigures(1, 2, width_ratios=[6.5, right_width])
    left, right = parts
    _map(left.subplots(), adata, box=(6.0, height - 1.5))
    bars, matrix = right.subplots(2, 1)
    _bars(bars, types)
    _matrix(matrix, table, list(types.index))
    share = (manifest_value(adata, "spill_over_json") or {}).get("foreign_share", 0.0)
    style.set_title(figure, f"{percent(share)} of the counts came from neighbours of another type", _note(all_types))
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


def _map(axes: "Axes", adata: AnnData, *, box: tuple[float, float]) -> None:
    xy = spatial.coordinates(adata)
    if xy is None:
        style.hide_axes(axes)
        return
    shares = adata.obs[columns.FOREIGN_SHARE].to_numpy(dtype=np.float64)
    drawn = spatial.draw_values(axes, xy, shares, box=box, cmap="viridis", vmin=0, vmax=_MAX_SHARE)
    spatial.set_up_map(axes, xy, unit=spatial.coordinate_unit(adata))
    axes.set_anchor("N")
    label = "Share of the counts of a cell from neighbours of another type (foreign share)"
    style.color_bar(axes.figure, drawn, axes, label, location="top", shrink=0.6, aspect=30, extend="max")


def _bars(axes: "Axes", types: pd.DataFrame) -> None:
    places = range(len(types))
    means = 100 * types["foreign_share"]
    style.draw_bars(axes, means, color=style.LOW, height=0.7)
    axes.set_yticks(places, [_label(str(name), len(types)) for name in types.index])
    sizes = zip(types["foreign_share"], types["n_cells"], strict=True)
    style.label_bars(axes, means, [f"{percent(share, 0)} ({number_of(cells, 'cell')})" for share, cells in sizes])
    axes.invert_yaxis()
    axes.margins(x=0.3, y=0.03)
    axes.set_xlabel("Mean foreign share of the cells predicted as this type (%)", fontsize=style.SMALL)
    style.style_axes(axes, grid="x")


def _matrix(axes: "Axes", table: pd.DataFrame, types: list[str]) -> None:
    shares = table.pivot(index="cell_type", columns="from", values="share").reindex(index=types, columns=types)
    values = shares.fillna(0).to_numpy()
    largest = max(float(values.max(initial=0)), _MIN_SCALE_END)
    image = axes.imshow(values, cmap="Greys", vmin=0, vmax=largest, aspect="auto")
    if len(types) <= _MAX_NUMBERED_TYPES:
        inks = style.inks_on(image.to_rgba(values))
        for row, column in np.argwhere(values >= _MIN_NUMBERED_SHARE):
            text, color = f"{100 * values[row, column]:.0f}", inks[row, column]
            axes.text(column, row, text, ha="center", va="center", fontsize=style.SMALL, color=color)
    _name_types(axes, types)
    axes.tick_params(labelsize=style.SMALL)
    axes.set_ylabel("Received by", fontsize=style.SMALL)


def _label(name: str, n_types: int) -> str:
    """Return the name of a row; the rows of many types are too low for two lines."""
    return style.wrap(name, 40) if n_types <= _MAX_NUMBERED_TYPES else style.shorten(name, 42)


def _name_types(axes: "Axes", types: list[str]) -> None:
    """Name rows and columns; the columns of many types have the numbers of their rows."""
    names, places = [_label(name, len(types)) for name in types], range(len(types))
    label = "Came from (% of the foreign counts of a row)"
    if len(types) <= _MAX_NUMBERED_TYPES:
        axes.set_xticks(places, [style.wrap(name, 24) for name in types], rotation=60, ha="right")
        axes.set_yticks(places, names)
    else:
        axes.set_xticks(places, [str(k + 1) for k in places])
        axes.set_yticks(places, [f"{name}  {k + 1}" for name, k in zip(names, places, strict=True)])
        label = "Came from (numbers as on the left)\nDark: a large part of the foreign counts of a row"
    axes.set_xlabel(label, fontsize=style.SMALL)
