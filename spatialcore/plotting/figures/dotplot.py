"""Dot plot of types x markers: size is the share of expressing cells, colour the mean expression."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.types import Floats
from spatialcore.core.validation import takes_adata
from spatialcore.plotting import style
from spatialcore.plotting.expression import gene_positions, group_fractions, group_means, log_expression
from spatialcore.plotting.gene_groups import group_runs, name_gene_groups
from spatialcore.plotting.groups import group_cells
from spatialcore.plotting.markers import LIST_NAME, marker_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_AREA = 95.0
_COLUMN = 0.2
_STEPS = (0.1, 0.25, 0.5, 1.0)


@takes_adata
def plot_marker_dotplot(
    adata: AnnData,
    label_column: str,
    markers: dict[str, list[str]] | Sequence[str] | None = None,
    layer: str | None = None,
    figsize: tuple[float, float] | None = None,
    cmap: str = "Reds",
    save: str | Path | None = None,
    title: str | None = None,
) -> "Figure":
    """Plot the share of cells that express a marker, and its mean expression, per cell type.

    Parameters
    ----------
    adata
        Cells x genes; ``X`` holds log1p(10k) values or counts.
    label_column
        Column of ``obs`` with the types; cells without a type are excluded.
    markers
        Genes by cell type, or a list of genes. Default: the canonical markers.
    layer
        Layer to use instead of ``X``.
    figsize
        Width and height in inches. Default: fits the content.
    cmap
        Sequential colour map of the mean expression, from 0 to the highest mean of the gene.
    save
        Path to write the figure to; the table is written next to it as CSV.
    title
        Title of the figure.

    Returns
    -------
    Figure
        One row per type, one column per gene, with the name of each type above its markers.

    Raises
    ------
    InputError
        No marker is among the genes.

    Examples
    --------
    >>> from scanpy.datasets import pbmc68k_reduced
    >>> adata = pbmc68k_reduced().raw.to_adata()
    >>> figure = plot_marker_dotplot(adata, "bulk_labels", ["CD3D", "CD79A", "LYZ"])
    """
    groups = group_cells(adata, label_column, types_only=True)
    X, genes = log_expression(adata, layer)
    chosen = marker_table(groups.names, genes, markers).drop_duplicates("gene")
    X = X[:, gene_positions(genes, chosen["gene"])]
    means, fractions = group_means(X, groups), group_fractions(X, groups)
    highest = means.max(axis=0)
    scaled = np.divide(means, highest, out=np.zeros_like(means), where=highest > 0)
    figure = _draw(scaled, fractions, groups.names, chosen, figsize=figsize, cmap=cmap)
    style.set_title(figure, title or "Markers by cell type")
    style.save_with_table(figure, _as_table(means, fractions, groups.names, chosen), save)
    return figure


def _draw(
    scaled: Floats,
    fractions: Floats,
    names: Sequence[str],
    chosen: pd.DataFrame,
    *,
    figsize: tuple[float, float] | None,
    cmap: str,
) -> "Figure":
    n_types, n_genes = scaled.shape
    labels = max(len(name) for name in names) * 0.075
    figure = style.new_figure(figsize or (max(6.0, labels + n_genes * _COLUMN + 2.4), max(3.0, n_types * 0.22 + 2.6)))
    axes = figure.add_subplot()
    x, y = np.meshgrid(np.arange(n_genes), np.arange(n_types))
    dots = axes.scatter(
        x, y, s=fractions * _AREA, c=scaled, cmap=cmap, vmin=0, vmax=1, edgecolors=style.MUTED, linewidths=0.3
    )
    _label_axes(axes, names, chosen)
    style.color_bar(figure, dots, axes, "Mean expression, relative to the highest type", shrink=0.5)
    _size_legend(figure, axes)
    return figure


def _label_axes(axes: "Axes", names: Sequence[str], chosen: pd.DataFrame) -> None:
    n_types, n_genes = len(names), len(chosen)
    axes.set_xticks(range(n_genes), chosen["gene"], rotation=90, fontsize=style.SMALL)
    axes.set_yticks(range(n_types), names, fontsize=style.SMALL)
    axes.set_xlim(-0.7, n_genes - 0.3)
    axes.set_ylim(n_types - 0.4, -0.6)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(color=style.FAINT, linewidth=0.4)
    axes.set_axisbelow(True)
    types = chosen["cell_type"].astype(str).tolist()
    for first, _, _ in list(group_runs(types))[1:]:
        axes.axvline(first - 0.5, color=style.MUTED, linewidth=0.5)
    if set(types) != {LIST_NAME}:
        name_gene_groups(axes, types, _COLUMN)


def _size_legend(figure: "Figure", axes: "Axes") -> None:
    sizes = [axes.scatter([], [], s=step * _AREA, c=style.MUTED, label=f"{step:.0%}") for step in _STEPS]
    figure.legend(
        handles=sizes,
        title="Share of expressing cells",
        loc="outside upper right",
        ncols=len(_STEPS),
        frameon=False,
        fontsize=style.SMALL,
        title_fontsize=style.SMALL,
    )


def _as_table(means: Floats, fractions: Floats, names: Sequence[str], chosen: pd.DataFrame) -> pd.DataFrame:
    n_types, n_genes = means.shape
    return pd.DataFrame(
        {
            "cell_type": np.repeat(list(names), n_genes),
            "marker_of": np.tile(chosen["cell_type"], n_types),
            "gene": np.tile(chosen["gene"], n_types),
            "mean": means.ravel(),
            "fraction": fractions.ravel(),
        }
    )
