"""Do a type's cells show its markers? Confidence against marker score, type by type."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore.core.types import Floats
from spatialcore.plotting import style
from spatialcore.plotting.figures.confidence import lowest_shown
from spatialcore.plotting.groups import numbers
from spatialcore.plotting.markers import MarkerScores, score_markers
from spatialcore.plotting.validation_summary import validate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS_PER_PANEL: Final = 2500
_CLOSE: Final = 0.1


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
) -> "tuple[Figure, pd.DataFrame]":
    """Show each type's cells by confidence and by the score of the type's markers.

    Red: below the confidence threshold. Green: confident. Gold: confident, and as bright in the markers as the
    brightest component of a Gaussian mixture. Beside it the AUC: the chance that a cell of this type has a higher
    marker score than a cell of another type, which is what tells whether the markers confirm the calls.

    Parameters
    ----------
    adata
        Annotated cells; ``X`` in log1p(10k), or counts.
    label_column, confidence_column
        Columns of ``obs`` with the calls and their confidence.
    markers
        Type -> genes; the canonical markers when not given.
    confidence_threshold
        Where a call counts.
    min_cells_per_type
        Types with fewer cells are not drawn; the note names them.
    n_components
        Gaussians in the mixture of a type's marker score.
    ncols
        Panels in a row.
    figsize_per_panel
        Width and height of a panel in inches.
    save
        Where to write the figure; the summary goes beside it as CSV.

    Returns
    -------
    The figure, and the summary with one row per drawn type. Without any marker among the genes the figure says so and
    the summary is empty.

    Raises
    ------
    LabelColumnError
        One of the columns is not there.
    """
    confidence = numbers(adata, confidence_column)
    scored = score_markers(adata, label_column, markers)
    summary = validate(
        scored, confidence, confidence_threshold, min_cells=min_cells_per_type, n_components=n_components
    )
    if summary.empty:
        figure = style.placeholder(
            "No cell type could be validated: no marker genes among the genes of this panel, or too few cells.",
            title="Markers against confidence",
        )
    else:
        figure = _draw(scored, summary, confidence, confidence_threshold, ncols, figsize_per_panel)
        drawn = set(summary["cell_type"])
        _explain(figure, scored, drawn, min_cells_per_type)
    style.save_with_numbers(figure, summary, save)
    return figure, summary


def _draw(
    scored: MarkerScores,
    summary: pd.DataFrame,
    confidence: Floats,
    threshold: float,
    ncols: int,
    panel: tuple[float, float],
) -> "Figure":
    n_cols = max(1, ncols)
    n_rows = -(-len(summary) // n_cols)
    figure = style.new_figure((n_cols * panel[0], n_rows * panel[1]))
    grid = figure.subplots(n_rows, n_cols, squeeze=False).ravel()
    order = list(scored.sets)
    left = lowest_shown(confidence, threshold) - 0.03
    for axes, row in zip(grid, summary.to_dict("records"), strict=False):
        inside = scored.groups.codes == scored.groups.names.index(row["cell_type"])
        _panel(axes, row, confidence[inside], scored.scores[inside, order.index(row["cell_type"])], threshold)
        axes.set_xlim(left, 1.03)
    for place, axes in enumerate(grid):
        if place >= len(summary):
            axes.set_visible(False)
        if place % n_cols == 0:
            axes.set_ylabel("Marker score", fontsize=style.SMALL)
        if place + n_cols >= len(summary):
            axes.set_xlabel("Confidence", fontsize=style.SMALL)
    return figure


def _panel(axes: Any, row: dict[Any, Any], confidence: Floats, score: Floats, threshold: float) -> None:
    high = np.nan_to_num(confidence, nan=-1.0) >= threshold
    bright = score >= row["marker_threshold"]
    colors = np.where(~high, style.LOW, np.where(bright, style.GOLD, style.HIGH))
    shown = np.arange(score.size)
    if score.size > _DOTS_PER_PANEL:
        shown = np.random.default_rng(0).choice(score.size, _DOTS_PER_PANEL, replace=False)
    axes.scatter(confidence[shown], score[shown], c=colors[shown], s=5, linewidths=0, alpha=0.65, rasterized=True)
    axes.axvline(threshold, color=style.INK, linestyle="--", linewidth=0.8)
    axes.axhline(row["marker_threshold"], color=style.INK, linestyle=":", linewidth=0.8)
    top = max(float(np.nanmax(score)), row["marker_threshold"]) if score.size else 1.0
    axes.set_ylim(-0.05 * top, 1.25 * top + 1e-6)
    axes.set_title(style.wrap(row["cell_type"], 34), fontsize=style.SMALL, fontweight="bold", color=style.INK)
    text = f"AUC {row['auc']:.2f}   {row['pct_validated']:.0f} % gold   {style.thousands(row['n_cells'])} cells"
    place = {"transform": axes.transAxes, "fontsize": style.TINY, "va": "top"}
    axes.text(0.03, 0.985, text, color=style.INK, **place)
    if row["mistaken_auc"] > row["auc"] - _CLOSE:
        rival = style.wrap(f"also high in {row['mistaken_for']} ({row['mistaken_auc']:.2f})", 44)
        axes.text(0.03, 0.93, rival, color=style.LOW, **place)
    style.tidy(axes)


def _explain(figure: "Figure", scored: MarkerScores, drawn: set[str], min_cells: int) -> None:
    from matplotlib.lines import Line2D

    marks = (
        (style.LOW, "low confidence"),
        (style.HIGH, "confident"),
        (style.GOLD, "confident and bright in its markers"),
    )
    handles = [Line2D([], [], marker="o", linestyle="", color=color, label=text, ms=5) for color, text in marks]
    wide = figure.get_figwidth() > 8
    figure.legend(
        handles=handles,
        loc="outside upper right" if wide else "outside lower right",
        ncols=3 if wide else 1,
        frameon=False,
        fontsize=style.SMALL,
    )
    style.set_title(figure, "Markers against confidence", _missing(scored, drawn, min_cells))


def _missing(scored: MarkerScores, drawn: set[str], min_cells: int) -> str:
    sizes = dict(zip(scored.groups.names, scored.groups.sizes.tolist(), strict=True))
    small = [f"{name} ({size})" for name, size in sizes.items() if size < min_cells]
    bare = [name for name in scored.without if sizes[name] >= min_cells]
    unfit = [name for name in scored.sets if name not in drawn and sizes[name] >= min_cells]
    parts = (
        (f"under {min_cells} cells", small),
        ("no marker on this panel", bare),
        ("markers seen in too few cells", unfit),
    )
    return "   ".join(f"Not drawn, {why}: {style.list_names(names, 40)}." for why, names in parts if names)
