"""How many cells of each type at every level of the Cell Ontology."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.calls.level_columns import class_tree
from spatialcore.core.categories import as_texts
from spatialcore.core.text.wording import percent
from spatialcore.plotting import style
from spatialcore.plotting.groups import NOT_TYPES, type_colors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW: Final = 0.26
_TABLE: Final = ("level", "cell_type", "n_cells", "share", "confidence")


def plot_levels(adata: AnnData, save: str | Path | None = None) -> "Figure":
    """Draw the number of cells of every type at three levels, the finer ones below the coarser.

    Parameters
    ----------
    adata
        Annotated cells.
    save
        Where to write the figure; the table goes beside it as CSV.
    """
    table = level_table(adata)
    if table.empty:
        return style.placeholder("No cell has a call at any level.")
    rows = table.drop_duplicates("cell_type")  # a class that is alone in its coarser level is drawn once
    figure = style.new_figure((9.0, max(3.0, 1.6 + _ROW * len(rows))))
    _bars(figure.add_subplot(), rows, level_colors(adata))
    called = [table.loc[table["level"] == level, "n_cells"].sum() / max(1, adata.n_obs) for level in (1, 2, 3)]
    shares = ", ".join(percent(share) for share in called)
    style.set_title(figure, f"Cells with a call at level 1, 2 and 3: {shares}")
    style.save_with_table(figure, table, save)
    return figure


def level_table(adata: AnnData) -> pd.DataFrame:
    """Return one row a type and level that has cells, each type followed by the finer ones below it.

    Returns
    -------
    Columns ``level`` (1 to 3), ``cell_type``, ``n_cells``, ``share`` of all cells and mean ``confidence``; empty where
    the annotation has no levels. A class that is alone in its coarser level stands in both.
    """
    tree = class_tree(adata)
    if tree is None:
        return pd.DataFrame(columns=list(_TABLE))
    counted = [_counted(adata, level) for level in range(len(columns.LEVELS))]
    lines = {tuple(tree.names[tree.paths[k, position]] for position in tree.levels[k]) for k in range(tree.n_classes)}
    sizes = [part["n_cells"].to_dict() for part in counted]
    order = sorted(lines, key=lambda line: [(-sizes[i].get(name, 0), name) for i, name in enumerate(line)])
    steps = dict.fromkeys((line[: i + 1]) for line in order for i in range(len(line)))
    rows = [
        (len(step), step[-1], *counted[len(step) - 1].loc[step[-1]])
        for step in steps
        if step[-1] in counted[len(step) - 1].index
    ]
    table = pd.DataFrame(rows, columns=["level", "cell_type", "n_cells", "confidence"])
    table["n_cells"] = table["n_cells"].astype(int)
    table["share"] = table["n_cells"] / max(1, adata.n_obs)
    return table[list(_TABLE)]


def level_colors(adata: AnnData) -> dict[str, str]:
    """Return the colour of every type at every level."""
    colors: dict[str, str] = {}
    for name in columns.LEVELS:
        colors |= type_colors(adata, name)
    return colors


def _counted(adata: AnnData, level: int) -> pd.DataFrame:
    names = as_texts(adata.obs[columns.LEVELS[level]])
    confidence = adata.obs[columns.LEVEL_CONFIDENCE[level]].groupby(names, observed=True)
    counted = pd.DataFrame({"n_cells": confidence.size(), "confidence": confidence.mean()})
    return counted.drop(index=[name for name in NOT_TYPES if name in counted.index])


def _bars(axes: Any, table: pd.DataFrame, colors: dict[str, str]) -> None:
    from matplotlib.colors import to_rgba

    shades = [
        to_rgba(colors[name], 1.0 if level == 1 else 0.6)
        for name, level in zip(table["cell_type"], table["level"], strict=True)
    ]
    style.draw_bars(axes, table["n_cells"], color=shades)
    axes.set_yticks(range(len(table)), [style.wrap(name, 60) for name in table["cell_type"]])
    numbers = zip(table["n_cells"], table["share"], strict=True)
    style.label_bars(axes, table["n_cells"], [f"{cells:,} ({percent(share)})" for cells, share in numbers])
    axes.invert_yaxis()
    style.count_cells(axes.xaxis)
    axes.set_xlabel("Cells", fontsize=style.SMALL)
    axes.margins(x=0.2, y=0.02)
    style.style_axes(axes, grid="x")
    for level, label in zip(table["level"], axes.get_yticklabels(), strict=True):
        label.set(fontweight="bold" if level == 1 else "normal", color=style.MUTED if level == 3 else style.INK)
