"""How much of the panel the references measure, and which genes nobody has."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from anndata import AnnData

from spatialcore.plotting import style
from spatialcore.plotting.recorded import recorded

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAMED: Final = 40


def plot_gene_coverage(adata: AnnData, save: str | Path | None = None) -> "Figure":
    """Draw the share of the panel that each reference and the model cover, and name the genes that are missing.

    Parameters
    ----------
    adata
        Annotated data whose manifest says what the references had.
    save
        Where to write the figure; the table goes beside it as CSV.
    """
    table = coverage_table(adata)
    if table.empty:
        figure = style.placeholder("The data do not say which genes the references had.", title="Panel coverage")
    else:
        figure = _draw(table)
    style.save_with_numbers(figure, None if table.empty else table, save)
    return figure


def coverage_table(adata: AnnData) -> pd.DataFrame:
    """Return name, n_genes, n_panel, missing (genes by name, separated by spaces): references, then the model."""
    rows = [
        (item["source"], item["genes_kept"], item["genes_wanted"], " ".join(item.get("genes_missing", [])))
        for item in recorded(adata, "references_json") or []
    ]
    n_model = recorded(adata, "n_model_genes")
    if n_model is not None and rows:
        rows.append(("model", int(n_model), max(row[2] for row in rows), ""))
    return pd.DataFrame(rows, columns=["name", "n_genes", "n_panel", "missing"])


def _draw(table: pd.DataFrame) -> "Figure":
    figure = style.new_figure((9.0, 1.8 + 0.4 * len(table)))
    axes = figure.add_subplot()
    _bars(axes, table)
    style.set_title(figure, "Panel genes that references and model cover", _missing(table))
    return figure


def _bars(axes: Any, table: pd.DataFrame) -> None:
    share = 100 * table["n_genes"] / table["n_panel"].clip(lower=1)
    places = range(len(table))
    axes.barh(places, [100] * len(table), color=style.FAINT, height=0.6)
    axes.barh(places, share, color=style.HIGH, height=0.6)
    axes.set_yticks(places, [style.wrap(str(name), 48) for name in table["name"]])
    for y, (n, all_, pct) in enumerate(zip(table["n_genes"], table["n_panel"], share, strict=True)):
        axes.text(101, y, f"{n} of {all_} ({pct:.0f} %)", va="center", fontsize=style.SMALL, color=style.INK)
    axes.set_xlim(0, 125)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_xlabel("Panel genes (%)", fontsize=style.SMALL)
    axes.invert_yaxis()
    style.tidy(axes)


def _missing(table: pd.DataFrame) -> str:
    lacking = sorted({gene for text in table["missing"] for gene in str(text).split()})
    return f"Missing from at least one reference: {style.list_names(lacking, _NAMED)}." if lacking else ""
