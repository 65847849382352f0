"""Heat maps of types x genes: the differential genes of each type, and given markers."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore.core.logging import get_logger
from spatialcore.errors import InputError
from spatialcore.plotting import style
from spatialcore.plotting.degs import METHODS, differential_genes
from spatialcore.plotting.expression import group_means, log_expression
from spatialcore.plotting.groups import Groups, group_cells, type_colors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = get_logger(__name__)

MIN_CELLS: Final = 10
_ROW, _COLUMN = 0.17, 0.145
_WIDEST, _TALLEST = 60, 28.0
Matrix = NDArray[np.float64]


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
    groups = every.at_least(MIN_CELLS)
    if len(groups.names) < 2:
        raise TooFewTypesError(
            f"differential genes need 2 cell types with at least {MIN_CELLS} cells; obs['{label_column}'] has "
            f"{len(groups.names)}",
            hint="annotate more cells or lower the confidence threshold",
        )
    X, genes = log_expression(adata, layer)
    means = group_means(X, groups)
    groups = groups.keep([groups.names[i] for i in _similar_first(means)])
    table = differential_genes(X, genes, groups, n_genes=n_genes, method=method)
    if save is not None:
        style.save_table(table, Path(save).with_suffix(".csv"))
    chosen, per_type = _fit(table, len(groups.names), n_genes)
    position = pd.Index(genes).get_indexer(pd.Index(chosen["gene"]))
    values = _from_lowest_to_highest(group_means(X, groups)[:, position])
    figure = _draw(
        values,
        groups,
        chosen,
        colors=type_colors(adata, label_column),
        figsize=figsize,
        cmap=cmap,
        limits=(0.0, 1.0),
        scale="Mean expression, from the gene's lowest type (0) to its highest (1)",
    )
    heading = f"Genes that set each cell type apart (top {per_type})"
    style.set_title(figure, title or heading, _left_out(every, per_type, n_genes))
    style.save_figure(figure, save)
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
    groups = every.keep([every.names[i] for i in _similar_first(means)]) if markers is None else every
    chosen = _in_order_of(chosen, groups.names)
    position = pd.Index(genes).get_indexer(pd.Index(chosen["gene"]))
    means = group_means(X, groups)[:, position]
    spread = means.std(axis=0)
    values = np.divide(means - means.mean(axis=0), spread, out=np.zeros_like(means), where=spread > 0)
    figure = _draw(
        values,
        groups,
        chosen,
        colors=type_colors(adata, label_column),
        figsize=figsize,
        cmap=cmap,
        limits=(-3.0, 3.0),
        scale="Mean expression, z-score over the types",
    )
    style.set_title(figure, title or "Markers by cell type")
    style.save_figure(figure, save)
    if save is not None:
        wide = pd.DataFrame(values, index=list(groups.names), columns=chosen["gene"].tolist())
        style.save_table(wide.rename_axis("cell_type").reset_index(), Path(save).with_suffix(".csv"))
    return figure


def _similar_first(means: Matrix) -> list[int]:
    """Order types so that neighbours look alike (average linkage on correlation, optimal leaves)."""
    if len(means) < 3:
        return list(range(len(means)))
    from scipy.cluster.hierarchy import leaves_list, linkage

    centred = means - means.mean(axis=0)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(centred, norms, out=np.zeros_like(centred), where=norms > 0)
    return [int(i) for i in leaves_list(linkage(unit, "average", optimal_ordering=True))]


def _from_lowest_to_highest(means: Matrix) -> Matrix:
    low, high = means.min(axis=0), means.max(axis=0)
    scaled: Matrix = np.divide(means - low, high - low, out=np.zeros_like(means), where=high > low)
    return scaled


def _fit(table: pd.DataFrame, n_types: int, n_genes: int) -> tuple[pd.DataFrame, int]:
    """Keep as many genes per type as can be read; a gene of several types stands where its rank is best."""
    room = _bands_at_most(n_types) * _WIDEST
    per_type = max(1, min(n_genes, room // n_types))
    table = table[table["rank"] <= per_type]
    best = table.sort_values(["rank", "score"], ascending=[True, False]).drop_duplicates("gene").index
    return table.loc[sorted(best)], per_type


def _bands_at_most(n_types: int) -> int:
    return max(2, int(_TALLEST / (n_types * _ROW + 1.4)))


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


def _draw(
    values: Matrix,
    groups: Groups,
    chosen: pd.DataFrame,
    *,
    colors: dict[str, str],
    figsize: tuple[float, float] | None,
    cmap: str,
    limits: tuple[float, float],
    scale: str,
) -> "Figure":
    n_types, n_genes = values.shape
    n_bands = -(-max(n_genes, 1) // _WIDEST)
    widest = -(-n_genes // n_bands)
    labels = max(len(name) for name in groups.names) * 0.075 + 0.9
    size = figsize or (
        max(6.0, labels + widest * _COLUMN + 0.8),
        max(2.6, n_bands * (n_types * _ROW + 1.0) + 0.9),
    )
    figure = style.new_figure(size)
    grid = figure.subplots(n_bands, 1, squeeze=False)[:, 0]
    image = None
    for band, axes in enumerate(grid):
        part = slice(band * widest, (band + 1) * widest)
        image = _band(axes, values[:, part], groups, chosen.iloc[part], colors=colors, cmap=cmap, limits=limits)
        axes.set_xlim(-0.5, widest - 0.5)
    style.color_bar(figure, image, list(grid), scale, orientation="horizontal", location="top", shrink=0.35, aspect=30)
    return figure


def _band(
    axes: Any,
    values: Matrix,
    groups: Groups,
    chosen: pd.DataFrame,
    *,
    colors: dict[str, str],
    cmap: str,
    limits: tuple[float, float],
) -> Any:
    from matplotlib.transforms import ScaledTranslation

    image = axes.imshow(values, aspect="auto", cmap=cmap, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    axes.set_xticks(range(len(chosen)), chosen["gene"], rotation=90, fontsize=style.TINY)
    axes.set_yticks(range(len(groups.names)), groups.names, fontsize=style.SMALL)
    axes.tick_params(length=0, pad=2)
    axes.tick_params(axis="y", pad=12)
    axes.spines[:].set_visible(False)
    beside = axes.get_yaxis_transform() + ScaledTranslation(-6 / 72, 0, axes.figure.dpi_scale_trans)
    for k, name in enumerate(groups.names):
        axes.plot([0], [k], marker="s", ms=6, color=colors[name], transform=beside, clip_on=False)
    owners = chosen["cell_type"].to_numpy()
    for edge in np.flatnonzero(owners[1:] != owners[:-1]):
        axes.axvline(edge + 0.5, color="white", linewidth=1.2)
    return image
