"""Heat maps of types x genes: the differential genes of each type, and given markers."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd
from anndata import AnnData

from spatialcore.core.logging import get_logger
from spatialcore.errors import InputError
from spatialcore.plotting import style
from spatialcore.plotting.degs import METHODS, differential_genes
from spatialcore.plotting.expression import group_means, log_expression
from spatialcore.plotting.groups import Groups, group_cells, type_colors
from spatialcore.plotting.means import from_lowest_to_highest, of_genes, similar_first, z_scores
from spatialcore.plotting.tile_plot import Scale, draw_tiles, genes_that_fit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = get_logger(__name__)

MIN_CELLS: Final = 10


class TooFewTypesError(InputError):
    """Fewer than two types are large enough to be compared."""


def plot_deg_heatmap(
    adata: AnnData,
    label_column: str,
    n_genes: int = 5,
    method: str = "wilcoxon",
    layer: str | None = None,
    figsize: tuple[float, float] | None = None,
    cmap: str = "viridis",
    save: str | Path | None = None,
    title: str | None = None,
) -> "Figure":
    """Show the genes that set each cell type apart, as mean expression per type.

    Parameters
    ----------
    adata
        Cells x genes; ``X`` in log1p(10k), or counts.
    label_column
        Column of ``obs`` with the types. Cells without a type, and types under 10 cells, are left out.
    n_genes
        Genes per type. Where all would not fit, fewer are drawn and the note says how many; the CSV has all.
    method
        ``"wilcoxon"`` (ties corrected), or another of scanpy's methods.
    layer
        Layer to take instead of ``X``.
    figsize
        Width and height in inches; as large as its content needs when not given.
    cmap
        Colour map of the expression, scaled from each gene's lowest to its highest mean.
    save
        Where to write the figure; its table goes beside it as CSV.
    title
        Title of the figure.

    Raises
    ------
    InputError
        Fewer than two types have 10 cells, or the method is not known.

    Examples
    --------
    >>> from scanpy.datasets import pbmc68k_reduced
    >>> figure = plot_deg_heatmap(pbmc68k_reduced().raw.to_adata(), "bulk_labels") # doctest: +SKIP
    """
    if method not in METHODS:
        raise InputError(f"method {method!r} is not known", hint=f"choose one of {', '.join(METHODS)}")
    every = group_cells(adata, label_column, types_only=True)
    groups = _large_enough(every, label_column)
    X, genes = log_expression(adata, layer)
    means = group_means(X, groups)
    groups = groups.keep([groups.names[i] for i in similar_first(means)])
    table = differential_genes(X, genes, groups, n_genes=n_genes, method=method)
    chosen, per_type = genes_that_fit(table, len(groups.names), n_genes)
    values = from_lowest_to_highest(of_genes(group_means(X, groups), genes, chosen))
    scale = Scale(cmap, (0.0, 1.0), "Mean expression, from the gene's lowest type (0) to its highest (1)")
    figure = draw_tiles(values, groups, chosen, scale, colors=type_colors(adata, label_column), figsize=figsize)
    heading = f"Genes that set each cell type apart (top {per_type})"
    style.set_title(figure, title or heading, _left_out(every, per_type, n_genes))
    style.save_with_numbers(figure, table, save)
    return figure


def plot_marker_heatmap(
    adata: AnnData,
    label_column: str,
    markers: dict[str, list[str]] | Sequence[str] | None = None,
    layer: str | None = None,
    figsize: tuple[float, float] | None = None,
    cmap: str = "RdBu_r",
    save: str | Path | None = None,
    title: str | None = None,
) -> "Figure":
    """Show given markers, or the canonical ones of the types at hand, as z-scores of the types' means.

    Parameters
    ----------
    adata, label_column, layer, figsize, save, title
        As in :func:`plot_deg_heatmap`.
    markers
        Cell type -> genes, or genes only; the canonical markers of each type when not given.
    cmap
        A diverging colour map: zero, the gene's mean over the types, is its middle.

    Raises
    ------
    InputError
        None of the markers is among the genes.
    """
    from spatialcore.plotting.markers import marker_table

    every = group_cells(adata, label_column, types_only=True)
    X, genes = log_expression(adata, layer)
    chosen = marker_table(adata, label_column, every.names, genes, markers)
    means = group_means(X, every)
    groups = every.keep([every.names[i] for i in similar_first(means)]) if markers is None else every
    chosen = _in_order_of(chosen, groups.names)
    values = z_scores(of_genes(group_means(X, groups), genes, chosen))
    scale = Scale(cmap, (-3.0, 3.0), "Mean expression, z-score over the types")
    figure = draw_tiles(values, groups, chosen, scale, colors=type_colors(adata, label_column), figsize=figsize)
    style.set_title(figure, title or "Markers by cell type")
    table = pd.DataFrame(values, index=pd.Index(groups.names, name="cell_type"), columns=chosen["gene"].tolist())
    style.save_with_numbers(figure, table.reset_index(), save)
    return figure


def _large_enough(every: Groups, label_column: str) -> Groups:
    groups = every.at_least(MIN_CELLS)
    if len(groups.names) < 2:
        raise TooFewTypesError(
            f"differential genes need 2 cell types with at least {MIN_CELLS} cells; obs['{label_column}'] has "
            f"{len(groups.names)}",
            hint="annotate more cells or lower the confidence threshold",
        )
    return groups


def _in_order_of(chosen: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    place = {name: i for i, name in enumerate(names)}
    order = chosen["cell_type"].map(lambda name: place.get(name, len(place)))
    return chosen.loc[order.sort_values(kind="stable").index].drop_duplicates("gene")


def _left_out(every: Groups, per_type: int, n_genes: int) -> str:
    small = every.smaller_than(MIN_CELLS)
    parts = []
    if per_type < n_genes:
        parts.append(f"The first {per_type} of {n_genes} genes per type are drawn; the table has all.")
    if small:
        parts.append(f"Not compared, under {MIN_CELLS} cells: {style.list_names(small)}.")
    return " ".join(parts)
