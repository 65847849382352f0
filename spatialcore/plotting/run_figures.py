"""All figures of a run: the four validation plots, and plots of model, references and calls."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation import run_manifest
from spatialcore.annotation.calls.filters import filter_low_confidence
from spatialcore.annotation.calls.level_columns import apply_threshold, class_tree
from spatialcore.annotation.expression.find import find_counts
from spatialcore.core.categories import as_texts
from spatialcore.core.logging import get_logger
from spatialcore.core.matrix import is_on_disk, open_matrix
from spatialcore.core.on_disk.selection import cells_in_memory
from spatialcore.core.progress import track
from spatialcore.core.sampling import draw_rows, draw_stratified, stratified_sizes
from spatialcore.plotting import style
from spatialcore.plotting.annotation_plots import AnnotationPlots, draw_annotation_plots, plot_paths
from spatialcore.plotting.expression import log_expression
from spatialcore.plotting.figures.calibration import plot_calibration
from spatialcore.plotting.figures.celltype_map import plot_celltype_map
from spatialcore.plotting.figures.composition import plot_composition
from spatialcore.plotting.figures.confusions import no_confusions, plot_confusable_pairs
from spatialcore.plotting.figures.gene_coverage import coverage_table, plot_gene_coverage
from spatialcore.plotting.figures.levels import plot_levels
from spatialcore.plotting.figures.marker_separation import plot_marker_separation
from spatialcore.plotting.figures.reference_composition import plot_reference_composition
from spatialcore.plotting.figures.spill_over import plot_spill_over
from spatialcore.plotting.manifest import held_out_scores, manifest_table
from spatialcore.plotting.markers import MarkerScores, score_markers
from spatialcore.plotting.rendering import collection_paused
from spatialcore.plotting.skipping import draw_or_skip
from spatialcore.plotting.spatial import coordinates

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = get_logger(__name__)

MAX_CELLS: Final = 200_000
MAX_VALUES: Final = 30_000_000
FLOOR: Final = 200  # cells of a type, where it has as many


@collection_paused()
def draw_run_figures(
    adata: AnnData,
    output_dir: str | Path | None = None,
    *,
    prefix: str = "celltyping",
    confidence_threshold: float = 0.8,
    markers: dict[str, list[str]] | None = None,
) -> AnnotationPlots:
    """Draw all figures of an annotated sample, each as PNG with its table as CSV.

    Parameters
    ----------
    adata
        Data annotated by this package, before or after the confidence filter.
    output_dir
        Folder for the files. Default: nothing is written.
    prefix
        First part of the file names.
    confidence_threshold
        Minimum confidence of a call.
    markers
        Genes by cell type. Default: the canonical markers.

    Returns
    -------
    Dict with ``figures``, ``paths`` and ``summary``, as returned by :func:`generate_annotation_plots`, and ``skipped``,
    the reason by name of a figure that was not drawn.

    Notes
    -----
    ``{prefix}_gene_evidence.csv`` has the genes for and against the calls of each type, see
    :func:`spatialcore.annotation.explain.type_evidence.type_evidence`.

    Examples
    --------
    >>> from scanpy.datasets import pbmc68k_reduced
    >>> adata = pbmc68k_reduced().raw.to_adata()
    >>> adata.obs["cell_type"] = adata.obs["cell_type_predicted"] = adata.obs["bulk_labels"]
    >>> adata.obs["cell_type_confidence"] = 0.9
    >>> plots = draw_run_figures(adata)
    >>> plots["figures"]["composition"].get_suptitle()
    '700 cells, 100.0 % with a call'
    """
    folder = None if output_dir is None else Path(output_dir)
    panel = _normalized_panel(adata)
    skipped = _without_data(panel)
    score = cache(partial(score_markers, panel, columns.PREDICTED, markers))
    plots = draw_annotation_plots(
        panel,
        columns.PREDICTED,
        columns.CONFIDENCE,
        plot_paths(folder, prefix),
        confidence_threshold,
        markers,
        skipped=skipped,
        score=score,
    )
    calls = _apply_threshold(adata, confidence_threshold)
    run_plots = _run_plots(panel, calls, confidence_threshold, score)
    for name, draw in track(list(run_plots.items()), "drawing figures"):
        path = None if folder is None else folder / f"{prefix}_{name}.png"
        figure = None if name in skipped else draw_or_skip(name, partial(draw, path), skipped)
        plots["figures"][name], plots["paths"][name] = figure, None if figure is None else path
    plots["skipped"] = skipped
    evidence = manifest_table(adata, "gene_evidence_json")
    if folder is not None and not evidence.empty:
        style.save_table(evidence, folder / f"{prefix}_gene_evidence.csv")
    return plots


def _without_data(adata: AnnData) -> dict[str, str]:
    """Return the figures that the data do not allow, with the reason."""
    scores = held_out_scores(adata)
    reasons = {
        "celltype_map": "the data have no coordinates" if coordinates(adata) is None else "",
        "calibration": "" if scores.get("reliability") else "the model has no calibration on held-out cells",
        "confusable_pairs": no_confusions(adata),
        "reference_composition": _if_empty(
            manifest_table(adata, "reference_composition_json"), "the run manifest has no training cells"
        ),
        "gene_coverage": _if_empty(coverage_table(adata), "the run manifest has no references"),
    }
    return {name: reason for name, reason in reasons.items() if reason}


def _if_empty(table: pd.DataFrame, reason: str) -> str:
    return reason if table.empty else ""


def _normalized_panel(adata: AnnData) -> AnnData:
    """Return the panel genes as log1p(10k), so that counts are normalized once for all figures.

    Of large data it has a sample of the cells, in proportion to their types.
    """
    cells = _sample_of_types(adata)
    X, genes = log_expression(cells)
    obsm = {columns.SPATIAL: cells.obsm[columns.SPATIAL]} if columns.SPATIAL in cells.obsm else {}
    return AnnData(X, obs=cells.obs, var=pd.DataFrame(index=genes), obsm=obsm, uns=dict(adata.uns))


def _sample_of_types(adata: AnnData) -> AnnData:
    """Return at most 200,000 cells and 30 million values; all cells if they are not more."""
    limit = min(MAX_CELLS, int(MAX_VALUES / max(1.0, _values_per_cell(adata))))
    if adata.n_obs <= limit:
        return cells_in_memory(adata, np.arange(adata.n_obs)) if is_on_disk(adata.X) else adata
    types = pd.Categorical(adata.obs[columns.PREDICTED])
    sizes = stratified_sizes(np.bincount(types.codes[types.codes >= 0], minlength=len(types.categories)), limit, FLOOR)
    rows = draw_stratified(types, sizes, np.random.default_rng(0))
    log.info("expression figures: %d of %d cells, drawn in proportion to their types", len(rows), adata.n_obs)
    return cells_in_memory(adata, rows)


def _values_per_cell(adata: AnnData) -> float:
    rows = draw_rows(adata.n_obs, 1_000, np.random.default_rng(0))
    matrix = find_counts(adata)[0] if adata.X is None else adata.X
    return float(open_matrix(matrix).take(rows).nnz / max(1, len(rows)))


def _apply_threshold(adata: AnnData, threshold: float) -> AnnData:
    """Return calls and coordinates without expression; calls below the threshold are unassigned.

    A run may draw the figures before or after the confidence filter.
    """
    needed = (columns.CELL_TYPE, columns.PREDICTED, columns.CONFIDENCE, columns.UNASSIGNED_REASON)
    is_recorded = run_manifest.manifest_of(adata).get("min_confidence") == threshold
    has_levels = is_recorded and all(name in adata.obs for name in columns.LEVELS)
    names = (*needed, *columns.LEVELS, *columns.LEVEL_CONFIDENCE) if has_levels else needed
    # the columns themselves: those of all cells are large, and a filter replaces columns, not values
    obs = pd.DataFrame({name: adata.obs[name] for name in names if name in adata.obs}, adata.obs_names, copy=False)
    obsm = {key: adata.obsm[key] for key in (columns.SPATIAL, columns.PATH_CONFIDENCE) if key in adata.obsm}
    calls = AnnData(obs=obs, obsm=obsm, uns=dict(adata.uns))
    if not has_levels and class_tree(calls) is not None:
        apply_threshold(calls, threshold)
    is_low = ~(obs[columns.CONFIDENCE].to_numpy(dtype=np.float64) >= threshold)
    if (as_texts(obs[columns.CELL_TYPE]) == columns.UNASSIGNED)[is_low].all():
        return calls  # already filtered
    return filter_low_confidence(
        calls,
        label_column=columns.CELL_TYPE,
        confidence_column=columns.CONFIDENCE,
        threshold=threshold,
        unassigned_label=columns.UNASSIGNED,
    )


def _run_plots(
    adata: AnnData, calls: AnnData, threshold: float, score: Callable[[], MarkerScores]
) -> "dict[str, Callable[[Path | None], Figure]]":
    figures: dict[str, Callable[[Path | None], Figure]] = {
        "composition": lambda path: plot_composition(calls, save=path),
        "marker_separation": lambda path: plot_marker_separation(adata, columns.PREDICTED, save=path, scored=score()),
        "calibration": lambda path: plot_calibration(adata, threshold, save=path),
        "confusable_pairs": lambda path: plot_confusable_pairs(adata, save=path),
        "reference_composition": lambda path: plot_reference_composition(adata, save=path),
        "gene_coverage": lambda path: plot_gene_coverage(adata, save=path),
    }
    if columns.FOREIGN_SHARE in adata.obs:
        figures["spill_over"] = lambda path: plot_spill_over(adata, save=path)
    if class_tree(calls) is not None:
        figures["levels"] = lambda path: plot_levels(calls, save=path)
    return {"celltype_map": lambda path: plot_celltype_map(calls, save=path)} | figures
