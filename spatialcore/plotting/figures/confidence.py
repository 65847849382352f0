"""Confidence of the calls on the tissue and per cell type."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from anndata import AnnData
from scipy.special import expit, logit

from spatialcore import columns
from spatialcore.core.text.wording import list_names
from spatialcore.core.types import Floats
from spatialcore.core.validation import require_within, takes_adata
from spatialcore.plotting import spatial, style
from spatialcore.plotting.confidence_axis import axis_minimum, set_up_confidence_axis, spread_top
from spatialcore.plotting.figures.confidence_rows import confidence_table, draw_rows, threshold_colors
from spatialcore.plotting.groups import Groups, group_cells, numeric_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MANY_TYPES: Final = 26  # more rows are drawn in two columns below the map
_ROW: Final = 0.2
_WIDTH: Final = 13.0


@takes_adata
def plot_celltype_confidence(
    adata: AnnData,
    label_column: str,
    confidence_column: str,
    spatial_key: str = columns.SPATIAL,
    threshold: float = 0.8,
    max_cell_types: int = 20,
    figsize: tuple[float, float] = (14, 6),
    save: str | Path | None = None,
) -> "Figure":
    """Plot the confidence of all calls on the tissue, and per cell type against the threshold.

    Parameters
    ----------
    adata
        Annotated cells.
    label_column
        Column of ``obs`` with the calls.
    confidence_column
        Column of ``obs`` with their confidence, 0 to 1.
    spatial_key
        Key of ``obsm`` with the coordinates. Without coordinates only the right panel is drawn. The scale bar has the
        unit in ``uns["spatialcore_source"]["unit"]``.
    threshold
        Minimum confidence of a call. The colours change from yellow to green at this value.
    max_cell_types
        Rows of the right panel: the most frequent types. A note lists the others.
    figsize
        Width and height in inches.
    save
        Path to write the figure to; the table per type is written next to it as CSV.

    Returns
    -------
    Figure
        Map on the left if there are coordinates, one row per type on the right. More than 26 types are drawn below
        map and distribution, in two columns.

    Raises
    ------
    LabelColumnError
        A column does not exist.

    Examples
    --------
    >>> from scanpy.datasets import pbmc68k_reduced
    >>> adata = pbmc68k_reduced().raw.to_adata()
    >>> adata.obs["confidence"] = 0.9
    >>> figure = plot_celltype_confidence(adata, "bulk_labels", "confidence")
    """
    require_within("threshold", threshold, 0, 1, hint="0.8 is the default")
    groups = group_cells(adata, label_column)
    confidence = numeric_column(adata, confidence_column)
    xy = spatial.coordinates(adata, spatial_key)
    figure = style.new_figure(figsize)
    table = confidence_table(groups, confidence, threshold)
    frequent = groups.select(groups.names[:max_cell_types])
    is_tall = len(frequent.names) > MANY_TYPES
    layout = (_tall_layout if is_tall else _wide_layout)(figure, groups, xy, figsize)
    if layout.map is not None and xy is not None:
        _draw_map(figure, layout.map, xy, confidence, threshold, box=layout.map_box)
        spatial.set_up_map(layout.map, xy, unit=spatial.coordinate_unit(adata))
    if layout.distribution is not None:
        _draw_distribution(layout.distribution, confidence, threshold)
    draw_rows(layout.rows, frequent, confidence, threshold, table, inches=layout.row_inches)
    omitted = list(groups.names[max_cell_types:])
    note = f"Less frequent types, not drawn: {list_names(omitted, 40)}. " if omitted else ""
    note += spatial.places_note(adata) if layout.map is not None else ""
    style.set_title(figure, "Confidence of the calls", note)
    style.save_with_table(figure, table, save)
    return figure


def fitting_size(adata: AnnData, n_types: int, spatial_key: str = columns.SPATIAL) -> tuple[float, float]:
    """Return width and height in inches at which the figure is legible for a number of types."""
    if n_types <= MANY_TYPES:
        return 11.5, max(5.5, 1.3 + 0.24 * n_types)
    return _WIDTH, _top_height(spatial.coordinates(adata, spatial_key)) + 1.3 + _ROW * -(-n_types // 2)


def _top_height(xy: Floats | None) -> float:
    """Return the height in inches of the map above many rows."""
    if xy is None:
        return 2.0
    span = np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0)
    return float(np.clip(_WIDTH * 0.5 * span[1] / max(span[0], 1e-9), 2.5, 6.0)) + 1.0


@dataclass(frozen=True)
class _Layout:
    """The axes of the figure; None for those that are not drawn."""

    rows: "list[Axes]"
    row_inches: float
    map: "Axes | None" = None
    map_box: tuple[float, float] = (1.0, 1.0)
    distribution: "Axes | None" = None


def _wide_layout(figure: "Figure", groups: Groups, xy: Floats | None, figsize: tuple[float, float]) -> _Layout:
    """Return the layout for few types: rows right of the map."""
    if xy is None:
        return _Layout([figure.add_subplot()], figsize[1] - 1.3)
    split = _split(groups, xy, figsize)
    left, right = figure.subplots(1, 2, width_ratios=split)
    return _Layout([right], figsize[1] - 1.3, left, (figsize[0] * split[0] - 0.5, figsize[1] - 1.5))


def _tall_layout(figure: "Figure", groups: Groups, xy: Floats | None, figsize: tuple[float, float]) -> _Layout:
    """Return the layout for many types: two columns of rows below map and distribution."""
    top = min(_top_height(xy), 0.45 * figsize[1])
    subfigures: Any = figure.subfigures(2, 1, height_ratios=[top, figsize[1] - top])
    upper, lower = subfigures
    rows = list(lower.subplots(1, 2))
    if xy is None:
        return _Layout(rows, figsize[1] - top - 1.0, distribution=upper.subplots())
    left, right = upper.subplots(1, 2)
    return _Layout(rows, figsize[1] - top - 1.0, left, (figsize[0] / 2, top - 1.0), right)


def _draw_distribution(axes: "Axes", confidence: Floats, threshold: float) -> None:
    """Draw the number of cells by confidence."""
    low = axis_minimum(confidence, threshold)
    set_up_confidence_axis(axes, low)
    values = spread_top(confidence[np.isfinite(confidence)], np.random.default_rng(0))
    edges = expit(np.linspace(logit(max(low, 0.005)), logit(0.9998), 41))
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    colors = threshold_colors(threshold)(np.minimum(edges[:-1] + 1e-9, 1))
    axes.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=colors)
    axes.axvline(threshold, color=style.INK, linestyle="--", linewidth=0.9)
    style.count_cells(axes.yaxis)
    axes.set_ylabel("Cells", fontsize=style.SMALL)
    axes.set_xlabel("Confidence", fontsize=style.SMALL)
    axes.set_title("All calls", fontsize=style.NORMAL, loc="left", color=style.INK)
    style.style_axes(axes, grid="y")


def _split(groups: Groups, xy: Floats, figsize: tuple[float, float]) -> tuple[float, float]:
    """Return the width ratios of map and rows for the shape of the tissue."""
    span = np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0) if len(xy) else np.ones(2)
    aspect = float(np.clip(span[0] / max(span[1], 1e-9), 0.4, 2.5))
    share = float(np.clip(aspect * (figsize[1] - 1.2) / figsize[0], 0.25, 0.55))
    return share, 1 - share


def _draw_map(
    figure: "Figure", axes: "Axes", xy: Floats, confidence: Floats, threshold: float, *, box: tuple[float, float]
) -> None:
    order = np.argsort(-np.nan_to_num(confidence, nan=2.0), kind="stable")
    image = spatial.draw_values(
        axes, xy[order], confidence[order], box=box, cmap=threshold_colors(threshold), vmin=0, vmax=1
    )
    bar = style.color_bar(figure, image, axes, "Confidence", location="top", shrink=0.6)
    bar.set_ticks(_ticks(threshold), labels=[f"{tick:g}" for tick in _ticks(threshold)])
    axes.set_title(_headline(confidence, threshold), fontsize=style.NORMAL, loc="left", color=style.INK)


def _ticks(threshold: float) -> list[float]:
    return sorted({0.0, threshold, 1.0} | ({0.5} if abs(threshold - 0.5) > 0.2 else set()))


def _headline(confidence: Floats, threshold: float) -> str:
    passing = int((np.nan_to_num(confidence, nan=-1.0) >= threshold).sum())
    share = passing / max(confidence.size, 1)
    n_cells = style.thousands(confidence.size)
    return f"{style.thousands(passing)} of {n_cells} cells ({100 * share:.0f} %) at {threshold:g} or above"
