"""Number of cells per type, and of cells without a type by reason."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.categories import as_texts
from spatialcore.core.text.wording import number_of, percent
from spatialcore.plotting import style
from spatialcore.plotting.groups import NOT_TYPES, group_cells, type_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW: Final = 0.26
REASONS: Final = {
    columns.REASON_LOW_CONFIDENCE: "confidence below the threshold",
    columns.REASON_MIXED: "two types explain the cell",
    columns.REASON_NO_COUNTS: "no counts on the panel",
    columns.REASON_LOW_COUNT_TYPE: "type with too few cells",
}


def plot_composition(adata: AnnData, label_column: str = columns.CELL_TYPE, save: str | Path | None = None) -> "Figure":
    """Plot the number of cells per type as bars, and below them the cells without a type by reason.

    Parameters
    ----------
    adata
        Annotated cells.
    label_column
        Column of ``obs`` with the calls after filtering.
    save
        Path to write the figure to; the table is written next to it as CSV.

    Returns
    -------
    The figure: one bar per type and per reason.

    Examples
    --------
    >>> import anndata, pandas
    >>> obs = pandas.DataFrame({"cell_type": ["T cell", "B cell"]}, index=["a", "b"])
    >>> adata = anndata.AnnData(obs=obs)
    >>> figure = plot_composition(adata)
    """
    table = composition_table(adata, label_column)
    figure = style.new_figure((9.0, max(3.0, 1.6 + _ROW * len(table))))
    _bars(figure.add_subplot(), table, type_colors(adata, label_column))
    called = int(table.loc[table["reason"] == "", "n_cells"].sum())
    share = called / max(1, adata.n_obs)
    style.set_title(figure, f"{number_of(adata.n_obs, 'cell')}, {percent(share)} with a call")
    style.save_with_table(figure, table, save)
    return figure


def composition_table(adata: AnnData, label_column: str = columns.CELL_TYPE) -> pd.DataFrame:
    """Return the number of cells per type, then of cells without a type by reason.

    Columns: ``cell_type``, ``reason`` (empty for types), ``n_cells``, ``share`` (0 to 1).
    """
    groups = group_cells(adata, label_column)
    rows = [
        (name, "", int(size)) for name, size in zip(groups.names, groups.sizes, strict=True) if name not in NOT_TYPES
    ]
    rows += _without_type(adata, label_column)
    table = pd.DataFrame(rows, columns=["cell_type", "reason", "n_cells"])
    table["share"] = table["n_cells"] / max(1, adata.n_obs)
    return table


def _without_type(adata: AnnData, label_column: str) -> list[tuple[str, str, int]]:
    labels = as_texts(adata.obs[label_column], columns.UNASSIGNED)
    is_unassigned = labels.isin(NOT_TYPES).to_numpy()
    if not is_unassigned.any():
        return []
    frame = pd.DataFrame({"label": labels[is_unassigned], "reason": ""})
    if columns.UNASSIGNED_REASON in adata.obs:
        frame["reason"] = as_texts(adata.obs[columns.UNASSIGNED_REASON], "")[is_unassigned]
    sizes = frame.groupby(["label", "reason"], observed=True).size().sort_values(ascending=False, kind="stable")
    counts = sizes.reset_index(name="n_cells")
    return [
        (str(label), REASONS.get(str(reason), str(reason) or "no reason given"), int(n))
        for label, reason, n in counts.itertuples(index=False)
    ]


def _bars(axes: "Axes", table: pd.DataFrame, colors: dict[str, str]) -> None:
    pairs = zip(table["cell_type"], table["reason"], strict=True)
    names = [f"{name}: {reason}" if reason else name for name, reason in pairs]
    rows = range(len(table))
    style.draw_bars(axes, table["n_cells"], color=[colors[name] for name in table["cell_type"]])
    axes.set_yticks(rows, [style.wrap(name, 60) for name in names])
    sizes = zip(table["n_cells"], table["share"], strict=True)
    style.label_bars(axes, table["n_cells"], [f"{cells:,} ({percent(share)})" for cells, share in sizes])
    axes.invert_yaxis()
    style.count_cells(axes.xaxis)
    axes.set_xlabel("Cells", fontsize=style.SMALL)
    axes.margins(x=0.2, y=0.02)
    style.style_axes(axes, grid="x")
