"""Legend of cell types, grouped by lineage."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from spatialcore.annotation.colors import lineages
from spatialcore.annotation.ontology.lineage import LINEAGES
from spatialcore.plotting import style
from spatialcore.plotting.groups import NOT_TYPES, Groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NO_CALL = "no call"


def legend_table(groups: Groups, colors: Mapping[str, str]) -> pd.DataFrame:
    """Return the types in the order of the legend: by lineage, the largest first; cells without a type come last.

    Columns: ``number`` (from 1), ``lineage``, ``cell_type``, ``color``, ``n_cells``.

    Examples
    --------
    >>> import numpy as np
    >>> groups = Groups(("B cell", "fibroblast", "T cell"), np.array([0, 0, 0, 1, 1, 2]))
    >>> legend_table(groups, dict.fromkeys(groups.names, "#000000"))["cell_type"].tolist()
    ['B cell', 'T cell', 'fibroblast']
    """
    lineage = lineages(groups.names) | dict.fromkeys(NOT_TYPES, NO_CALL)
    rows = [
        (lineage[name], name, colors[name], int(n)) for name, n in zip(groups.names, groups.sizes.tolist(), strict=True)
    ]
    table = pd.DataFrame(rows, columns=["lineage", "cell_type", "color", "n_cells"])
    order = table.assign(
        last=table["lineage"] == NO_CALL,
        total=-table.groupby("lineage")["n_cells"].transform("sum"),
        size=-table["n_cells"],
    ).sort_values(["last", "total", "lineage", "size", "cell_type"], kind="stable")
    table = table.loc[order.index].reset_index(drop=True)
    table.insert(0, "number", range(1, len(table) + 1))
    return table


def by_lineage(names: Sequence[str]) -> list[str]:
    """Return types in the order of the lineages, within a lineage in their order.

    Examples
    --------
    >>> by_lineage(["T cell", "fibroblast", "B cell"])
    ['T cell', 'B cell', 'fibroblast']
    """
    lineage = lineages(names)
    return sorted(names, key=lambda name: LINEAGES.index(lineage[name]))


def draw_legend(axes: "Axes", table: pd.DataFrame, *, is_numbered: bool, n_columns: int = 1) -> None:
    """Draw the legend of :func:`legend_table` in the upper left of empty axes, with the name of each lineage."""
    style.hide_axes(axes)
    several = table.loc[table["lineage"] != NO_CALL, "lineage"].nunique() > 1
    handles: list[Any] = []
    for lineage, rows in table.groupby("lineage", sort=False):
        if several:
            handles.append(_mark("none", str(lineage).capitalize()))
        handles += [_mark(row["color"], _text(row, is_numbered=is_numbered)) for row in rows.to_dict("records")]
    if n_columns > 1:
        _move_last_heading(handles, n_columns)
    is_long = len(handles) > 45 * n_columns
    legend = axes.legend(
        handles=handles,
        loc="upper left",
        frameon=False,
        fontsize=style.TINY if is_long else style.SMALL,
        borderpad=0,
        borderaxespad=0,
        ncols=n_columns,
        handletextpad=0.3,
        labelspacing=0.4,
    )
    headings = {handle.get_label() for handle in handles if handle.get_color() == "none"} - {""}
    for text in legend.get_texts():
        if text.get_text() in headings:
            text.set(fontweight="bold", color=style.INK)


def _move_last_heading(handles: list[Any], n_columns: int) -> None:
    """Insert blank entries so that the name of a lineage does not stand last in the first column."""
    for _ in range(2):  # a blank entry may make the columns longer
        last = -(-len(handles) // n_columns) - 1
        if handles[last].get_color() == "none" and handles[last].get_label():
            handles.insert(last, _mark("none", ""))


def _mark(color: str, label: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], marker="o", linestyle="", ms=6, color=color, label=label)


def _text(row: dict[Any, Any], *, is_numbered: bool) -> str:
    number = f"{row['number']}  " if is_numbered else ""
    return f"{number}{style.wrap(row['cell_type'], 40)}  {row['n_cells']:,}"
