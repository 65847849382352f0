"""Confidence of the calls on the tissue and per cell type."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.types import Floats
from spatialcore.plotting import spatial, style
from spatialcore.plotting.groups import Groups, group_cells, numeric_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

_ROW: Final = 0.24
_DOTS_PER_TYPE: Final = 1500
_YELLOW, _GREEN = 0.44, 0.68


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
    The figure: map on the left if there are coordinates, one row per type on the right.

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
    groups = group_cells(adata, label_column)
    confidence = numeric_column(adata, confidence_column)
    xy = spatial.coordinates(adata, spatial_key)
    figure = style.new_figure(figsize)
    if xy is None:
        axes = figure.add_subplot()
    else:
        left, axes = figure.subplots(1, 2, width_ratios=_split(groups, xy, figsize))
        _draw_map(figure, left, xy, confidence, threshold, inches=figsize[0] * 0.45)
        spatial.set_up_map(left, xy, unit=spatial.coordinate_unit(adata))
    frequent = groups.select(groups.names[:max_cell_types])
    table = confidence_table(groups, confidence, threshold)
    _draw_rows(axes, frequent, confidence, threshold, table, height=figsize[1])
    omitted = list(groups.names[max_cell_types:])
    note = f"Less frequent types, not drawn: {style.list_names(omitted, 40)}" if omitted else ""
    style.set_title(figure, "Confidence of the calls", note)
    style.save_with_table(figure, table, save)
    return figure


def confidence_table(groups: Groups, confidence: Floats, threshold: float) -> pd.DataFrame:
    """Return the number of cells, quartiles of the confidence and share at or above the threshold, per type."""
    rows = []
    for k, name in enumerate(groups.names):
        values = confidence[groups.codes == k]
        finite = values[np.isfinite(values)]
        quartiles = np.quantile(finite, [0.25, 0.5, 0.75]) if finite.size else np.full(3, np.nan)
        rows.append((name, values.size, *quartiles, float((finite >= threshold).sum()) / max(values.size, 1)))
    return pd.DataFrame(rows, columns=["cell_type", "n_cells", "q25", "median", "q75", "share_above_threshold"])


def threshold_colors(threshold: float) -> "ListedColormap":
    """Return RdYlGn over 0 to 1, rescaled: red to yellow below the threshold, green at and above it."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    value = np.linspace(0, 1, 512)
    below = value / max(threshold, 1e-9) * _YELLOW
    above = _GREEN + (value - threshold) / max(1 - threshold, 1e-9) * (1 - _GREEN)
    return ListedColormap(colormaps["RdYlGn"](np.where(value < threshold, below, above)), name="threshold")


def axis_minimum(confidence: Floats, threshold: float) -> float:
    """Return the lower limit of a confidence axis: below the threshold and below nearly all cells, in tenths."""
    finite = confidence[np.isfinite(confidence)]
    low = min(float(np.quantile(finite, 0.002)) if finite.size else 0.0, threshold - 0.1)
    return max(0.0, float(np.floor(low * 10) / 10))


def _dot(n: int) -> float:
    """Return the area of a dot (points squared), smaller for many cells."""
    return float(np.clip(1500 / max(n, 1), 3.0, 12.0))


def _split(groups: Groups, xy: Floats, figsize: tuple[float, float]) -> tuple[float, float]:
    """Return the width ratios of map and rows for the shape of the tissue."""
    span = np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0) if len(xy) else np.ones(2)
    aspect = float(np.clip(span[0] / max(span[1], 1e-9), 0.4, 2.5))
    share = float(np.clip(aspect * (figsize[1] - 1.2) / figsize[0], 0.25, 0.55))
    return share, 1 - share


def _draw_map(
    figure: "Figure", axes: "Axes", xy: Floats, confidence: Floats, threshold: float, *, inches: float
) -> None:
    order = np.argsort(-np.nan_to_num(confidence, nan=2.0), kind="stable")
    image = spatial.draw_values(
        axes, xy[order], confidence[order], inches=inches, cmap=threshold_colors(threshold), vmin=0, vmax=1
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
    return f"{style.thousands(passing)} of {n_cells} cells ({share:.0%}) at {threshold:g} or above"


def _draw_rows(
    axes: "Axes", groups: Groups, confidence: Floats, threshold: float, table: pd.DataFrame, *, height: float
) -> None:
    table = table.set_index("cell_type").loc[list(groups.names)]
    order = [int(k) for k in np.argsort(-table["median"].fillna(-1).to_numpy(), kind="stable")]
    rng, cmap = np.random.default_rng(0), threshold_colors(threshold)
    for row, k in enumerate(order):
        values = confidence[groups.members(k)]
        _scatter_row(axes, row, values[np.isfinite(values)], cmap, rng)
        _annotate_row(axes, row, table.iloc[k])
    axes.axvline(threshold, color=style.INK, linestyle="--", linewidth=0.9)
    _label_rows(axes, [groups.names[k] for k in order], height)
    axes.set_xlim(axis_minimum(confidence, threshold) - 0.02, 1.02)
    axes.set_xlabel(f"Confidence (bar: median; dashed: threshold {threshold:g})", fontsize=style.SMALL)
    axes.set_title("Above threshold", fontsize=style.SMALL, loc="right", color=style.MUTED)


def _scatter_row(axes: "Axes", row: int, values: Floats, cmap: Any, rng: np.random.Generator) -> None:
    """Scatter the confidence of the cells of a type along its row; a sample if there are many."""
    sample = values if values.size <= _DOTS_PER_TYPE else rng.choice(values, _DOTS_PER_TYPE, replace=False)
    y = row + rng.uniform(-0.33, 0.33, sample.size)
    size = _dot(sample.size)
    axes.scatter(sample, y, c=sample, s=size, cmap=cmap, vmin=0, vmax=1, linewidths=0, alpha=0.75, rasterized=True)


def _annotate_row(axes: "Axes", row: int, line: "pd.Series[Any]") -> None:
    """Mark the median of a type and write the share above the threshold next to its row."""
    from matplotlib.transforms import blended_transform_factory

    axes.plot([line["median"]] * 2, [row - 0.38, row + 0.38], color=style.INK, linewidth=1.4)
    right_of_axis = blended_transform_factory(axes.transAxes, axes.transData)
    text = f"{line['share_above_threshold']:>4.0%} of {style.thousands(line['n_cells'])}"
    axes.text(1.01, row, text, transform=right_of_axis, fontsize=style.SMALL, va="center", color=style.INK)


def _label_rows(axes: "Axes", names: list[str], figure_height: float) -> None:
    """Write the names of the types with a font size that fits the rows."""
    inches = figure_height - 1.3
    size = float(np.clip(0.8 * 72 * inches / max(len(names), 1), 4.5, style.SMALL))
    axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.set_ylim(len(names) - 0.4, -0.6)
    style.style_axes(axes, grid="x")
    axes.tick_params(axis="y", length=0, labelsize=size)
