"""Every figure of a run: the four of the annotation, and those on where the calls come from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.calls.filters import filter_low_confidence
from spatialcore.plotting.annotation_plots import generate_annotation_plots
from spatialcore.plotting.expression import log_expression
from spatialcore.plotting.figures.calibration import plot_calibration
from spatialcore.plotting.figures.celltype_map import plot_celltype_map
from spatialcore.plotting.figures.composition import plot_composition
from spatialcore.plotting.figures.confusions import plot_confusable_pairs
from spatialcore.plotting.figures.gene_coverage import plot_gene_coverage
from spatialcore.plotting.figures.marker_separation import plot_marker_separation
from spatialcore.plotting.figures.reference_composition import plot_reference_composition
from spatialcore.plotting.spatial import coordinates


def draw_run_figures(
    adata: AnnData,
    output_dir: str | Path | None = None,
    *,
    prefix: str = "celltyping",
    confidence_threshold: float = 0.8,
    markers: dict[str, list[str]] | None = None,
) -> dict[str, Any]:
    """Draw all figures of an annotated sample, each as PNG with its numbers as CSV.

    Parameters
    ----------
    adata
        Data annotated by this package; calls may be filtered or not.
    output_dir
        Folder for the files; nothing is written when not given.
    prefix
        How the files' names begin.
    confidence_threshold
        Where a call counts.
    markers
        Type -> genes; the canonical markers when not given.

    Returns
    -------
    dict
        ``figures``, ``paths`` and ``summary`` as :func:`generate_annotation_plots` returns them, with more figures.
    """
    folder = None if output_dir is None else Path(output_dir)
    shown = _normalised_once(adata)
    drawn = generate_annotation_plots(
        shown,
        label_column=columns.PREDICTED,
        output_dir=folder,
        prefix=prefix,
        confidence_threshold=confidence_threshold,
        markers=markers,
    )
    kept = _with_calls_kept(adata, confidence_threshold)
    for name, draw in _more(shown, kept, confidence_threshold, markers).items():
        path = None if folder is None else folder / f"{prefix}_{name}.png"
        drawn["figures"][name], drawn["paths"][name] = draw(path), path
    return drawn


def _normalised_once(adata: AnnData) -> AnnData:
    """Return the panel's genes as log1p(10k), which three figures would each make of counts for themselves."""
    X, genes = log_expression(adata)
    places = {columns.SPATIAL: adata.obsm[columns.SPATIAL]} if columns.SPATIAL in adata.obsm else {}
    return AnnData(X, obs=adata.obs, var=pd.DataFrame(index=genes), obsm=places, uns=dict(adata.uns))


def _with_calls_kept(adata: AnnData, threshold: float) -> AnnData:
    """Return calls and places alone, every call below the threshold unassigned: a run may draw before it filters."""
    needed = (columns.CELL_TYPE, columns.CONFIDENCE, columns.UNASSIGNED_REASON)
    obs = adata.obs[[name for name in needed if name in adata.obs]].copy()
    places = {columns.SPATIAL: adata.obsm[columns.SPATIAL]} if columns.SPATIAL in adata.obsm else {}
    kept = AnnData(obs=obs, obsm=places, uns=dict(adata.uns))
    doubtful = ~(obs[columns.CONFIDENCE].to_numpy(dtype=np.float64) >= threshold)
    if (obs[columns.CELL_TYPE].astype(str)[doubtful] == columns.UNASSIGNED).all():
        return kept  # filtered already
    return filter_low_confidence(
        kept,
        label_column=columns.CELL_TYPE,
        confidence_column=columns.CONFIDENCE,
        threshold=threshold,
        unassigned_label=columns.UNASSIGNED,
    )


def _more(
    adata: AnnData, kept: AnnData, threshold: float, markers: dict[str, list[str]] | None
) -> dict[str, Callable[[Path | None], Any]]:
    figures: dict[str, Callable[[Path | None], Any]] = {
        "composition": lambda path: plot_composition(kept, save=path),
        "marker_separation": lambda path: plot_marker_separation(adata, columns.PREDICTED, markers, save=path),
        "calibration": lambda path: plot_calibration(adata, threshold, save=path),
        "confusable_pairs": lambda path: plot_confusable_pairs(adata, save=path),
        "reference_composition": lambda path: plot_reference_composition(adata, save=path),
        "gene_coverage": lambda path: plot_gene_coverage(adata, save=path),
    }
    if coordinates(adata) is not None:
        figures = {"celltype_map": lambda path: plot_celltype_map(kept, save=path)} | figures
    return figures
