"""How sure the calls are: on the tissue, and per cell type."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.types import Floats
from spatialcore.plotting import spatial, style
from spatialcore.plotting.groups import Groups, group_cells, numbers

if TYPE_CHECKING:
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
    """Show the confidence of all calls on the tissue, and per cell type against the threshold.

    Parameters
    ----------
    adata
        Annotated cells.
    label_column
        Column of ``obs`` with the calls.
    confidence_column
        Column of ``obs`` with their confidence, 0 to 1.
    spatial_key
        Key of ``obsm`` with the coordinates. Without it only the right panel is drawn.
    threshold
        Where a call counts: the colours change from red to green here, so a call that stands is never red.
    max_cell_types
        Rows of the right panel: the most frequent types. The note names the others.
    figsize
        Width and height in inches.
    save
        Where to write the figure; the table per type goes beside it as CSV.

    Raises
    ------
    LabelColumnError
        One of the columns is not there.
    """
    groups = group_cells(adata, label_column)
    confidence = numbers(adata, confidence_column)
    xy = spatial.coordinates(adata, spatial_key)
    figure = style.new_figure(figsize)
    if xy is None:
        axes = figure.add_subplot()
    else:
        left, axes = figure.subplots(1, 2, width_ratios=_split(groups, xy, figsize))
        _draw_map(figure, left, xy, confidence, threshold, inches=figsize[0] * 0.45)
    shown = groups.keep(groups.names[:max_cell_types])
    table = confidence_table(groups, confidence, threshold)
    _draw_rows(axes, shown, confidence, threshold, table)
    rest = list(groups.names[max_cell_types:])
    note = f"Not drawn, less frequent: {style.list_names(rest, 40)}" if rest else ""
    style.set_title(figure, "Confidence of the calls", note)
    style.save_with_numbers(figure, table, save)
    return figure


def confidence_table(groups: Groups, confidence: Floats, threshold: float) -> pd.DataFrame:
    """Return per type: cells, quartiles of the confidence, and the share at or above the threshold."""
    rows = []
    for k, name in enumerate(groups.names):
        own = confidence[groups.codes == k]
        known = own[np.isfinite(own)]
        quartiles = np.quantile(known, [0.25, 0.5, 0.75]) if known.size else np.full(3, np.nan)
        rows.append((name, own.size, *quartiles, float((known >= threshold).sum()) / max(own.size, 1)))
    return pd.DataFrame(rows, columns=["cell_type", "n_cells", "q25", "median", "q75", "share_above_threshold"])


def threshold_colors(threshold: float) -> Any:
    """Return RdYlGn over 0 to 1, bent so that all below the threshold is red to yellow and all from it on is green."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    value = np.linspace(0, 1, 512)
    below = value / max(threshold, 1e-9) * _YELLOW
    above = _GREEN + (value - threshold) / max(1 - threshold, 1e-9) * (1 - _GREEN)
    return ListedColormap(colormaps["RdYlGn"](np.where(value < threshold, below, above)), name="threshold")


def lowest_shown(confidence: Floats, threshold: float) -> float:
    """Return where a confidence axis begins: a tenth below nearly all cells and below the threshold."""
    known = confidence[np.isfinite(confidence)]
    low = min(float(np.quantile(known, 0.002)) if known.size else 0.0, threshold - 0.1)
    return max(0.0, float(np.floor(low * 10) / 10))


def _dot(n: int) -> float:
    """Return the area of a dot (points squared): a few cells must be seen, many must not run together."""
    return float(np.clip(1500 / max(n, 1), 3.0, 12.0))


def _split(groups: Groups, xy: Floats, figsize: tuple[float, float]) -> tuple[float, float]:
    """Give the map the width that its shape can use."""
    span = np.nanmax(xy, axis=0) - np.nanmin(xy, axis=0) if len(xy) else np.ones(2)
    aspect = float(np.clip(span[0] / max(span[1], 1e-9), 0.4, 2.5))
    share = float(np.clip(aspect * (figsize[1] - 1.2) / figsize[0], 0.25, 0.55))
    return share, 1 - share


def _draw_map(figure: "Figure", axes: Any, xy: Floats, confidence: Floats, threshold: float, *, inches: float) -> None:
    order = np.argsort(-np.nan_to_num(confidence, nan=2.0), kind="stable")
    image = spatial.draw_values(
        axes, xy[order], confidence[order], inches=inches, cmap=threshold_colors(threshold), vmin=0, vmax=1
    )
    spatial.set_up_map(axes, xy)
    bar = style.color_bar(figure, image, axes, "Confidence", location="top", shrink=0.6)  # bar and map stay together
    bar.set_ticks(_ticks(threshold), labels=[f"{tick:g}" for tick in _ticks(threshold)])
    axes.set_title(_headline(confidence, threshold), fontsize=style.NORMAL, loc="left", color=style.INK)


def _ticks(threshold: float) -> list[float]:
    return sorted({0.0, threshold, 1.0} | ({0.5} if abs(threshold - 0.5) > 0.2 else set()))


def _headline(confidence: Floats, threshold: float) -> str:
    passing = int((np.nan_to_num(confidence, nan=-1.0) >= threshold).sum())
    share = passing / max(confidence.size, 1)
    n_cells = style.thousands(confidence.size)
    return f"{style.thousands(passing)} of {n_cells} cells ({share:.0%}) at {threshold:g} or above"


def _draw_rows(axes: Any, groups: Groups, confidence: Floats, threshold: float, table: pd.DataFrame) -> None:
    table = table.set_index("cell_type").loc[list(groups.names)]
    order = [int(k) for k in np.argsort(-table["median"].fillna(-1).to_numpy(), kind="stable")]
    rng, cmap = np.random.default_rng(0), threshold_colors(threshold)
    for row, k in enumerate(order):
        own = confidence[groups.members(k)]
        _scatter_row(axes, row, own[np.isfinite(own)], cmap, rng)
        _tell_row(axes, row, table.iloc[k])
    axes.axvline(threshold, color=style.INK, linestyle="--", linewidth=0.9)
    _name_rows(axes, [groups.names[k] for k in order])
    axes.set_xlim(lowest_shown(confidence, threshold) - 0.02, 1.02)
    axes.set_xlabel(f"Confidence (bar: median; dashed: threshold {threshold:g})", fontsize=style.SMALL)
    axes.set_title("Above threshold", fontsize=style.SMALL, loc="right", color=style.MUTED)


def _scatter_row(axes: Any, row: int, values: Floats, cmap: Any, rng: np.random.Generator) -> None:
    """Scatter a type's confidences along its row; of very many a sample is drawn."""
    drawn = values if values.size <= _DOTS_PER_TYPE else rng.choice(values, _DOTS_PER_TYPE, replace=False)
    y = row + rng.uniform(-0.33, 0.33, drawn.size)
    size = _dot(drawn.size)
    axes.scatter(drawn, y, c=drawn, s=size, cmap=cmap, vmin=0, vmax=1, linewidths=0, alpha=0.75, rasterized=True)


def _tell_row(axes: Any, row: int, line: "pd.Series[Any]") -> None:
    """Mark a type's median, and write the share above the threshold beside its row."""
    from matplotlib.transforms import blended_transform_factory

    axes.plot([line["median"]] * 2, [row - 0.38, row + 0.38], color=style.INK, linewidth=1.4)
    beside = blended_transform_factory(axes.transAxes, axes.transData)
    text = f"{line['share_above_threshold']:>4.0%} of {style.thousands(line['n_cells'])}"
    axes.text(1.01, row, text, transform=beside, fontsize=style.SMALL, va="center", color=style.INK)


def _name_rows(axes: Any, names: list[str]) -> None:
    """Write the types' names, as small as their rows ask for."""
    inches = axes.figure.get_figheight() - 1.3
    size = float(np.clip(0.8 * 72 * inches / max(len(names), 1), 4.5, style.SMALL))
    axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.set_ylim(len(names) - 0.4, -0.6)
    style.tidy(axes, grid="x")
    axes.tick_params(axis="y", length=0, labelsize=size)
