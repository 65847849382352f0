"""Share of the panel genes that references and model have."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd
from anndata import AnnData

from spatialcore.core.text.wording import list_names
from spatialcore.plotting import style
from spatialcore.plotting.manifest import manifest_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAX_NAMES: Final = 40


def plot_gene_coverage(adata: AnnData, save: str | Path | None = None) -> "Figure":
    """Plot the share of the panel genes in each reference and in the model, and list missing genes.

    Parameters
    ----------
    adata
        Annotated data with references in the run manifest.
    save
        Path to write the figure to; the table is written next to it as CSV.

    Returns
    -------
    The figure: one bar per reference and for the model; a placeholder if there are none.

    Examples
    --------
    >>> import anndata, pandas
    >>> obs = pandas.DataFrame({"cell_type": ["T cell", "B cell"]}, index=["a", "b"])
    >>> adata = anndata.AnnData(obs=obs)
    >>> figure = plot_gene_coverage(adata)
    """
    table = coverage_table(adata)
    if table.empty:
        figure = style.placeholder("The run manifest has no references.", title="Panel coverage")
    else:
        figure = _draw(table)
    style.save_with_table(figure, None if table.empty else table, save)
    return figure


def coverage_table(adata: AnnData) -> pd.DataFrame:
    """Return the coverage of each reference, then of the model.

    Columns: ``name``, ``n_genes``, ``n_panel``, ``missing`` (genes separated by spaces).
    """
    rows = [
        (item["source"], item["genes_kept"], item["genes_wanted"], " ".join(item.get("genes_missing", [])))
        for item in manifest_value(adata, "references_json") or []
    ]
    n_model = manifest_value(adata, "n_model_genes")
    if n_model is not None and rows:
        rows.append(("model", int(n_model), max(row[2] for row in rows), ""))
    return pd.DataFrame(rows, columns=["name", "n_genes", "n_panel", "missing"])


def _draw(table: pd.DataFrame) -> "Figure":
    figure = style.new_figure((9.0, 1.8 + 0.4 * len(table)))
    axes = figure.add_subplot()
    _bars(axes, table)
    style.set_title(figure, "Panel genes in references and model", _missing(table))
    return figure


def _bars(axes: "Axes", table: pd.DataFrame) -> None:
    share = 100 * table["n_genes"] / table["n_panel"].clip(lower=1)
    rows = range(len(table))
    style.draw_bars(axes, [100] * len(table), color=style.FAINT, height=0.6)
    style.draw_bars(axes, share, color=style.HIGH, height=0.6)
    axes.set_yticks(rows, [style.wrap(str(name), 48) for name in table["name"]])
    for y, (n, total, pct) in enumerate(zip(table["n_genes"], table["n_panel"], share, strict=True)):
        axes.text(101, y, f"{n} of {total} ({pct:.0f} %)", va="center", fontsize=style.SMALL, color=style.INK)
    axes.set_xlim(0, 125)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_xlabel("Panel genes (%)", fontsize=style.SMALL)
    axes.invert_yaxis()
    style.style_axes(axes)


def _missing(table: pd.DataFrame) -> str:
    genes = sorted({gene for text in table["missing"] for gene in str(text).split()})
    return f"Missing from at least one reference: {list_names(genes, _MAX_NAMES)}." if genes else ""
