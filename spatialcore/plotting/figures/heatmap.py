"""Heat maps of types x genes: differential genes and markers."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.logging import get_logger
from spatialcore.core.text.wording import list_names
from spatialcore.core.types import Floats
from spatialcore.core.validation import require_one_of, require_whole, takes_adata
from spatialcore.errors import InputError
from spatialcore.plotting import style
from spatialcore.plotting.degs import METHODS, differential_genes
from spatialcore.plotting.expression import gene_positions, group_means, log_expression
from spatialcore.plotting.gene_panels import PANELS_NOTE, draw_gene_panels
from spatialcore.plotting.groups import Groups, group_cells, type_colors
from spatialcore.plotting.markers import marker_table
from spatialcore.plotting.tile_plot import Scale, draw_tiles, fits_tiles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = get_logger(__name__)

MIN_CELLS: Final = 10


class TooFewTypesError(InputError):
    """Fewer than two types have enough cells to be compared."""


@takes_adata
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
    """Plot the differential genes of each cell type as mean expression per type.

    Parameters
    ----------
    adata
        Cells x genes; ``X`` holds log1p(10k) values or counts.
    label_column
        Column of ``obs`` with the types. Cells without a type and types with fewer than 10 cells are excluded.
    n_genes
        Genes per type; a gene of two types is drawn for both. If a tile plot of all genes and types would not be
        legible, each type has its own panel.
    method
        ``"wilcoxon"`` (with tie correction), ``"t-test"``, ``"t-test_overestim_var"`` or ``"logreg"`` (scanpy's).
    layer
        Layer to use instead of ``X``.
    figsize
        Width and height in inches. Default: fits the content.
    cmap
        Colour map; the expression of each gene is scaled from its lowest to its highest mean.
    save
        Path to write the figure to; the table is written next to it as CSV.
    title
        Title of the figure.

    Returns
    -------
    Figure
        One row per type, one column per gene, with the name of each type above its genes; for many types one panel
        per type.

    Raises
    ------
    InputError
        Fewer than two types have 10 cells, or the method is unknown.

    Examples
    --------
    >>> from scanpy.datasets import pbmc68k_reduced
    >>> figure = plot_deg_heatmap(pbmc68k_reduced().raw.to_adata(), "bulk_labels")
    """
    require_whole("n_genes", n_genes, minimum=1, hint="5 is the default")
    require_one_of("method", method, METHODS)
    all_groups = group_cells(adata, label_column, types_only=True)
    groups = _require_two_groups(all_groups, label_column)
    X, genes = log_expression(adata, layer)
    means = group_means(X, groups)
    groups = groups.select([groups.names[i] for i in order_by_similarity(means)])
    table = differential_genes(X, genes, groups, n_genes=n_genes, method=method)
    means, colors = group_means(X, groups), type_colors(adata, label_column)
    scale = Scale(cmap, (0.0, 1.0), "Mean expression, scaled per gene from the lowest (0) to the highest type (1)")
    note = _note(all_groups)
    if fits_tiles(len(groups.names), n_genes):
        values = scale_to_unit(means[:, gene_positions(genes, table["gene"])])
        figure = draw_tiles(values, groups, table, scale, colors=colors, figsize=figsize)
    else:
        figure = draw_gene_panels(scale_to_unit(means), genes, groups, table, scale, colors)
        note = f"{PANELS_NOTE} {note}"
    style.set_title(figure, title or f"Top {n_genes} differential genes per cell type", note)
    style.save_with_table(figure, table, save)
    return figure


@takes_adata
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
    """Plot markers as z-scores of the mean expression per cell type.

    Parameters
    ----------
    adata, label_column, layer, figsize, save, title
        As in :func:`plot_deg_heatmap`.
    markers
        Genes by cell type, or a list of genes. Default: the canonical markers.
    cmap
        A diverging colour map, centred at the mean of the gene over the types.

    Returns
    -------
    Figure
        One row per type, one column per gene.

    Raises
    ------
    InputError
        No marker is among the genes.

    Examples
    --------
    >>> from scanpy.datasets import pbmc68k_reduced
    >>> figure = plot_marker_heatmap(pbmc68k_reduced().raw.to_adata(), "bulk_labels", ["CD3D", "CD79A", "LYZ"])
    """
    groups = group_cells(adata, label_column, types_only=True)
    X, genes = log_expression(adata, layer)
    chosen = marker_table(groups.names, genes, markers)
    if markers is None:
        groups = groups.select([groups.names[i] for i in order_by_similarity(group_means(X, groups))])
    chosen = _sort_by_type(chosen, groups.names)
    values = z_scores(group_means(X, groups)[:, gene_positions(genes, chosen["gene"])])
    scale = Scale(cmap, (-3.0, 3.0), "Mean expression (z-score over types)")
    figure = draw_tiles(values, groups, chosen, scale, colors=type_colors(adata, label_column), figsize=figsize)
    style.set_title(figure, title or "Markers by cell type")
    table = pd.DataFrame(values, index=pd.Index(groups.names, name="cell_type"), columns=chosen["gene"].tolist())
    style.save_with_table(figure, table.reset_index(), save)
    return figure


def _require_two_groups(all_groups: Groups, label_column: str) -> Groups:
    groups = all_groups.at_least(MIN_CELLS)
    if len(groups.names) < 2:
        raise TooFewTypesError(
            f"differential genes need at least 2 cell types with {MIN_CELLS} or more cells, obs['{label_column}'] has "
            f"{len(groups.names)}",
            hint="annotate more cells or lower the confidence threshold",
        )
    return groups


def _sort_by_type(chosen: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    position = {name: i for i, name in enumerate(names)}
    order = chosen["cell_type"].map(lambda name: position.get(name, len(position)))
    return chosen.loc[order.sort_values(kind="stable").index].drop_duplicates("gene")


def _note(all_groups: Groups) -> str:
    small = all_groups.smaller_than(MIN_CELLS)
    return f"Types with fewer than {MIN_CELLS} cells, not compared: {list_names(small)}." if small else ""


def z_scores(means: Floats) -> Floats:
    """Return each gene scaled to mean 0 and standard deviation 1 over the types; 0 for a constant gene."""
    deviation = means.std(axis=0)
    scores: Floats = np.divide(means - means.mean(axis=0), deviation, out=np.zeros_like(means), where=deviation > 0)
    return scores


def scale_to_unit(means: Floats) -> Floats:
    """Return each gene scaled from 0 (its lowest type) to 1 (its highest type); 0 for a constant gene."""
    low, high = means.min(axis=0), means.max(axis=0)
    scaled: Floats = np.divide(means - low, high - low, out=np.zeros_like(means), where=high > low)
    return scaled


def order_by_similarity(means: Floats) -> list[int]:
    """Return an order of the types in which similar types are adjacent.

    Average linkage on the correlation of the types, with optimal leaf ordering.
    """
    if len(means) < 3:
        return list(range(len(means)))
    from scipy.cluster.hierarchy import leaves_list, linkage

    centred = means - means.mean(axis=0)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(centred, norms, out=np.zeros_like(centred), where=norms > 0)
    return [int(i) for i in leaves_list(linkage(unit, "average", optimal_ordering=True))]
