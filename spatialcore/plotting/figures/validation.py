"""2D validation: confidence against marker score per cell type."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.text.wording import list_names
from spatialcore.core.types import Floats
from spatialcore.core.validation import require_within, takes_adata
from spatialcore.plotting import style
from spatialcore.plotting.confidence_axis import axis_minimum, spread_top
from spatialcore.plotting.figures.panel_frames import PanelFrame, panel_frames
from spatialcore.plotting.groups import numeric_column
from spatialcore.plotting.markers import MarkerScores, score_markers
from spatialcore.plotting.validation_summary import validate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DOTS_PER_PANEL: Final = 2500
_SMALL_DIFFERENCE: Final = 0.1
SEPARATED, WEAK = 0.9, 0.7
_CONFIRMED: Final = "#1b7a45"
_WIDE: Final = 8.0  # inches, from which title and legend fit side by side
_LINE: Final = 0.14
_COLORS: Final = (style.LOW, style.HIGH, style.GOLD)
_OTHERS_WIDTH: Final = 0.16  # of the panel


@takes_adata
def plot_2d_validation(
    adata: AnnData,
    label_column: str,
    confidence_column: str,
    markers: dict[str, list[str]] | None = None,
    confidence_threshold: float = 0.8,
    min_cells_per_type: int = 15,
    n_components: int = 3,
    ncols: int = 4,
    figsize_per_panel: tuple[float, float] = (3, 3),
    save: str | Path | None = None,
    *,
    scored: MarkerScores | None = None,
) -> "tuple[Figure, pd.DataFrame]":
    """Plot confidence against marker score for the cells of each type.

    Red: below the confidence threshold. Green: confident. Gold: confident, with a marker score in the brightest
    component of a Gaussian mixture. Grey, on the left: the marker scores of all other cells. The AUC is the probability
    that a cell of the type has a higher marker score than a cell of another type: from 0.9 on the markers confirm the
    calls, below 0.7 they do not. Confidence has a logit axis; values from 0.999 on are spread at random behind it.

    Parameters
    ----------
    adata
        Annotated cells; ``X`` holds log1p(10k) values or counts.
    label_column, confidence_column
        Columns of ``obs`` with the calls and their confidence.
    markers
        Genes by cell type. Default: the canonical markers.
    confidence_threshold
        Minimum confidence of a call.
    min_cells_per_type
        Types with fewer cells are not drawn; a note lists them.
    n_components
        Gaussians in the mixture of the marker scores of a type.
    ncols
        Panels per row.
    figsize_per_panel
        Width and height of a panel in inches.
    save
        Path to write the figure to; the summary is written next to it as CSV.
    scored
        Marker scores of these cells, if they are computed already.

    Returns
    -------
    figure
        One panel per type; a placeholder if no type could be validated.
    summary
        One row per plotted type (columns: :data:`spatialcore.plotting.validation_summary.SUMMARY_COLUMNS`).

    Raises
    ------
    LabelColumnError
        A column does not exist.

    Examples
    --------
    >>> from scanpy.datasets import pbmc68k_reduced
    >>> adata = pbmc68k_reduced().raw.to_adata()
    >>> adata.obs["confidence"] = 0.9
    >>> markers = {"CD19+ B": ["CD79A", "MS4A1"], "CD56+ NK": ["NKG7", "GNLY"]}
    >>> figure, summary = plot_2d_validation(adata, "bulk_labels", "confidence", markers)
    >>> summary["cell_type"].tolist()
    ['CD19+ B', 'CD56+ NK']
    """
    require_within("confidence_threshold", confidence_threshold, 0, 1, hint="0.8 is the default")
    confidence = numeric_column(adata, confidence_column)
    scored = scored or score_markers(adata, label_column, markers)
    summary = validate(
        scored, confidence, confidence_threshold, min_cells=min_cells_per_type, n_components=n_components
    )
    if summary.empty:
        figure = style.placeholder(
            "No cell type could be validated: no marker gene on this panel, or too few cells.",
            title="Marker score against confidence",
        )
    else:
        note = _not_drawn(scored, set(summary["cell_type"]), min_cells_per_type)
        figure = _draw(scored, summary, confidence, confidence_threshold, ncols, figsize_per_panel, note)
    style.save_with_table(figure, summary, save)
    return figure, summary


def _draw(
    scored: MarkerScores,
    summary: pd.DataFrame,
    confidence: Floats,
    threshold: float,
    ncols: int,
    panel: tuple[float, float],
    note: str,
) -> "Figure":
    n_cols = max(1, ncols)
    n_rows = -(-len(summary) // n_cols)
    figure, frames = _frames(n_rows, n_cols, panel, summary["cell_type"].tolist(), note)
    axes, order, codes = style.axes_in_inches(figure), list(scored.sets), scored.groups.codes
    left = axis_minimum(confidence, threshold)
    for index, (frame, row) in enumerate(zip(frames, summary.to_dict("records"), strict=False)):
        inside = codes == scored.groups.names.index(row["cell_type"])
        scores = scored.scores[:, order.index(row["cell_type"])]
        placed = frame.scaled(left, scores[inside], row["marker_threshold"])
        _draw_cells(axes, placed, confidence[inside], scores[inside], row["marker_threshold"], threshold)
        _draw_others(axes, placed, scores[~inside & (codes >= 0)])
        _draw_lines(axes, placed, row["marker_threshold"], threshold)
        _write_texts(axes, placed, row)
        placed.label_axes(axes, left=index % n_cols == 0, below=index + n_cols >= len(summary))
    return figure


def _frames(
    n_rows: int, n_cols: int, panel: tuple[float, float], names: list[str], note: str
) -> "tuple[Figure, list[PanelFrame]]":
    """Return the figure with legend, title and note, and the frames of its panels."""
    width = n_cols * panel[0]
    legend_rows = 1 if width > _WIDE else 4
    above = 0.35 + (_LINE * 1.3 * legend_rows if width <= _WIDE else 0.15)
    below = 0.5 + (_LINE * (style.wrap(note, int(width * 15)).count("\n") + 1) if note else 0.0)
    title = _LINE * max(style.wrap(name, 34).count("\n") + 1 for name in names) + 0.1
    figure = style.new_figure((width, n_rows * panel[1]), layout=None)
    margins = style.Margins(0.5, 0.12, below, above + title)
    frames = panel_frames(figure, (n_rows, n_cols), margins, gap=(0.38, 0.3 + title))
    _add_legend(figure)
    style.set_title(figure, "Marker score against confidence", note)
    return figure, frames


def _draw_cells(
    axes: "Axes", frame: PanelFrame, confidence: Floats, score: Floats, marker_threshold: float, threshold: float
) -> None:
    from matplotlib.colors import to_rgba_array

    high = np.nan_to_num(confidence, nan=-1.0) >= threshold
    kinds = np.where(~high, 0, np.where(score >= marker_threshold, 2, 1))
    sample, rng = np.arange(score.size), np.random.default_rng(0)
    if score.size > _DOTS_PER_PANEL:
        sample = rng.choice(score.size, _DOTS_PER_PANEL, replace=False)
    x, y = frame.x(spread_top(confidence[sample], rng)), frame.y(score[sample])
    colors = to_rgba_array(_COLORS)[kinds[sample]]
    axes.scatter(x, y, c=colors, s=5, linewidths=0, alpha=0.65, rasterized=True)


def _draw_lines(axes: "Axes", frame: PanelFrame, marker_threshold: float, threshold: float) -> None:
    """Draw the thresholds of confidence (below the texts) and of the marker score."""
    x, y = float(frame.x(np.array(threshold))), float(frame.y(np.array(marker_threshold)))
    axes.plot([x, x], [frame.bottom, frame.bottom + 0.8 * frame.height], color=style.INK, linestyle="--", linewidth=0.8)
    axes.plot([frame.left, frame.left + frame.width], [y, y], color=style.INK, linestyle=":", linewidth=0.8)


def _write_texts(axes: "Axes", frame: PanelFrame, row: dict[Any, Any]) -> None:
    middle, top = frame.left + frame.width / 2, frame.bottom + frame.height
    title: dict[str, Any] = {
        "ha": "center",
        "va": "bottom",
        "fontsize": style.SMALL,
        "fontweight": "bold",
        "color": style.INK,
    }
    axes.text(middle, top + 0.08, style.wrap(row["cell_type"], 34), **title)
    position: dict[str, Any] = {"x": frame.left + 0.03 * frame.width, "fontsize": style.TINY, "va": "top"}
    verdict, color = _verdict(row["auc"])
    axes.text(y=top - 0.03, s=f"AUC {row['auc']:.2f}: {verdict}", color=color, fontweight="bold", **position)
    text = f"{style.thousands(row['n_cells'])} cells, {row['pct_high_confidence']:.0f} % confident"
    if row["mistaken_auc"] > row["auc"] - _SMALL_DIFFERENCE:
        text += f"\n{style.shorten(row['mistaken_for'], 34)}: AUC {row['mistaken_auc']:.2f}"
    axes.text(y=top - 0.16, s=text, color=style.MUTED, linespacing=1.3, **position)


def _verdict(auc: float) -> tuple[str, str]:
    """Return what the AUC of the markers says about the calls, and its colour."""
    if auc >= SEPARATED:
        return "markers confirm the calls", _CONFIRMED
    return ("markers agree in part", style.INK) if auc >= WEAK else ("markers do not confirm", style.LOW)


def _draw_others(axes: "Axes", frame: PanelFrame, score: Floats) -> None:
    """Draw the distribution of the marker scores of all other cells along the left edge."""
    counts, edges = np.histogram(score, 40, range=(0.0, max(float(score.max(initial=0.0)), 1e-9)))
    share = _OTHERS_WIDTH * np.sqrt(counts / max(counts.max(initial=1), 1))
    y = np.minimum(frame.y(np.repeat(edges, 2)[1:-1]), frame.bottom + frame.height)
    x = frame.left + frame.width * np.repeat(share, 2)
    axes.fill_betweenx(y, frame.left, x, color=style.MUTED, alpha=0.35, linewidth=0, zorder=0)


def _add_legend(figure: "Figure") -> None:
    from matplotlib.lines import Line2D

    marks = (
        (style.LOW, "low confidence"),
        (style.HIGH, "confident"),
        (style.GOLD, "confident, high marker score"),
        (style.FAINT, "all other cells"),
    )
    handles = [Line2D([], [], marker="o", linestyle="", color=color, label=text, ms=5) for color, text in marks]
    is_wide = figure.get_figwidth() > _WIDE
    anchor = (1.0, 1.0) if is_wide else (0.0, 1 - 0.3 / figure.get_figheight())
    figure.legend(
        handles=handles,
        loc="upper right" if is_wide else "upper left",
        bbox_to_anchor=anchor,
        ncols=4 if is_wide else 1,
        frameon=False,
        fontsize=style.SMALL,
    )


def _not_drawn(scored: MarkerScores, drawn: set[str], min_cells: int) -> str:
    sizes = dict(zip(scored.groups.names, scored.groups.sizes.tolist(), strict=True))
    small = [f"{name} ({size})" for name, size in sizes.items() if size < min_cells]
    unmarked = [name for name in scored.types_without_markers if sizes[name] >= min_cells]
    not_fitted = [name for name in scored.sets if name not in drawn and sizes[name] >= min_cells]
    parts = (
        (f"fewer than {min_cells} cells", small),
        ("no marker on this panel", unmarked),
        ("markers expressed in too few cells", not_fitted),
    )
    return "   ".join(f"Not drawn, {reason}: {list_names(names, 40)}." for reason, names in parts if names)
