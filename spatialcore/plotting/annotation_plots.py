"""The validation plots of an annotation in one call."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict

import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.progress import track
from spatialcore.core.validation import takes_adata
from spatialcore.errors import InputError
from spatialcore.plotting.figures.confidence import fitting_size, plot_celltype_confidence
from spatialcore.plotting.figures.heatmap import plot_deg_heatmap
from spatialcore.plotting.figures.ontology import as_mapping, height_for, mapping_from_obs, plot_ontology_mapping
from spatialcore.plotting.figures.validation import plot_2d_validation
from spatialcore.plotting.groups import group_cells
from spatialcore.plotting.manifest import manifest_table
from spatialcore.plotting.markers import MarkerScores
from spatialcore.plotting.skipping import draw_or_skip

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLOT_NAMES: Final = ("deg_heatmap", "2d_validation", "confidence", "ontology_mapping")
_MANY_TYPES: Final = 24


class AnnotationPlots(TypedDict):
    """Figures by plot name, the summary of the 2D validation, the paths of the files, and why figures are missing."""

    figures: "dict[str, Figure | None]"
    summary: pd.DataFrame
    paths: dict[str, Path | None]
    skipped: NotRequired[dict[str, str]]


@takes_adata
def generate_annotation_plots(
    adata: AnnData,
    label_column: str = columns.CELL_TYPE,
    confidence_column: str = columns.CONFIDENCE,
    output_dir: str | Path | None = None,
    prefix: str = "celltyping",
    confidence_threshold: float = 0.8,
    markers: dict[str, list[str]] | None = None,
    n_deg_genes: int = 10,
    spatial_key: str = columns.SPATIAL,
    source_label_column: str | None = None,
    ontology_name_column: str | None = None,
    ontology_id_column: str | None = None,
) -> AnnotationPlots:
    """Generate the four validation plots of an annotation.

    Parameters
    ----------
    adata
        Annotated cells; ``X`` holds log1p(10k) values or counts.
    label_column, confidence_column
        Columns of ``obs`` with the calls and their confidence.
    output_dir
        Folder for ``{prefix}_deg_heatmap.png``, ``{prefix}_2d_validation.png``, ``{prefix}_confidence.png`` and
        ``{prefix}_ontology_mapping.png``, each with its table as CSV. Default: nothing is written.
    prefix
        First part of the file names.
    confidence_threshold
        Minimum confidence of a call.
    markers
        Genes by cell type. Default: the canonical markers.
    n_deg_genes
        Differential genes per type.
    spatial_key
        Key of ``obsm`` with the coordinates.
    source_label_column, ontology_name_column, ontology_id_column
        Columns of ``obs`` for the ontology mapping. Default: the mapping of the reference labels in
        ``uns["spatialcore_annotation"]``, or else the calls and their terms.

    Returns
    -------
    dict
        ``figures`` and ``paths`` by plot name (None if a plot was skipped or not written), and ``summary``, the
        table of :func:`plot_2d_validation` with one row per plotted type.

    Raises
    ------
    LabelColumnError
        A column does not exist.

    Notes
    -----
    A figure that cannot be drawn is skipped with a warning, for example the heat map if fewer than two types have 10
    cells.

    Examples
    --------
    >>> from scanpy.datasets import pbmc68k_reduced
    >>> adata = pbmc68k_reduced().raw.to_adata()
    >>> adata.obs["confidence"] = 0.9
    >>> plots = generate_annotation_plots(adata, "bulk_labels", "confidence", markers={"CD19+ B": ["CD79A", "MS4A1"]})
    >>> sorted(plots["figures"])
    ['2d_validation', 'confidence', 'deg_heatmap', 'ontology_mapping']
    """
    return draw_annotation_plots(
        adata,
        label_column,
        confidence_column,
        plot_paths(output_dir, prefix),
        confidence_threshold,
        markers,
        n_deg_genes,
        spatial_key,
        (source_label_column, ontology_name_column, ontology_id_column),
        skipped={},
    )


def draw_annotation_plots(
    adata: AnnData,
    label_column: str,
    confidence_column: str,
    paths: dict[str, Path | None],
    confidence_threshold: float = 0.8,
    markers: dict[str, list[str]] | None = None,
    n_deg_genes: int = 10,
    spatial_key: str = columns.SPATIAL,
    ontology_columns: tuple[str | None, ...] = (None, None, None),
    *,
    skipped: dict[str, str],
    score: Callable[[], MarkerScores] | None = None,
) -> AnnotationPlots:
    """Draw the plots of :func:`generate_annotation_plots`; the reason why a plot is missing is added to ``skipped``.

    ``score`` returns the marker scores, where other figures use them too.
    """
    n_types = len(group_cells(adata, label_column).names)
    summaries: list[pd.DataFrame] = []

    def draw_validation() -> "Figure":
        figure, summary = plot_2d_validation(
            adata,
            label_column,
            confidence_column,
            markers,
            confidence_threshold,
            ncols=4 if n_types <= _MANY_TYPES else 6,
            save=paths["2d_validation"],
            scored=None if score is None else score(),
        )
        summaries.append(summary)
        return figure

    def draw_confidence() -> "Figure":
        return plot_celltype_confidence(
            adata,
            label_column,
            confidence_column,
            spatial_key,
            confidence_threshold,
            max_cell_types=n_types,
            figsize=fitting_size(adata, n_types, spatial_key),
            save=paths["confidence"],
        )

    draw: dict[str, Callable[[], Figure | None]] = {
        "deg_heatmap": lambda: plot_deg_heatmap(adata, label_column, n_deg_genes, save=paths["deg_heatmap"]),
        "2d_validation": draw_validation,
        "confidence": draw_confidence,
        "ontology_mapping": lambda: _ontology_mapping(adata, label_column, ontology_columns, paths["ontology_mapping"]),
    }
    figures = {name: draw_or_skip(name, draw[name], skipped) for name in track(PLOT_NAMES, "drawing figures")}
    written = {name: paths[name] if figures[name] is not None else None for name in PLOT_NAMES}
    summary = summaries[0] if summaries else pd.DataFrame()
    return {"figures": figures, "summary": summary, "paths": written}


def manifest_mapping(adata: AnnData) -> pd.DataFrame | None:
    """Return the mapping of the reference labels in the run manifest, or None."""
    table = manifest_table(adata, "label_mapping_json")
    return None if table.empty else as_mapping(table)


def plot_paths(output_dir: str | Path | None, prefix: str) -> dict[str, Path | None]:
    """Return the path of each plot; None without a folder."""
    folder = None if output_dir is None else Path(output_dir)
    return {name: folder / f"{prefix}_{name}.png" if folder else None for name in PLOT_NAMES}


def _ontology_mapping(
    adata: AnnData, label_column: str, ontology_columns: tuple[str | None, ...], save: Path | None
) -> "Figure":
    defaults = (label_column, columns.ONTOLOGY_LABEL, columns.ONTOLOGY_ID)
    source, name, term = (column or default for column, default in zip(ontology_columns, defaults, strict=True))
    uses_defaults = not any(ontology_columns)
    table = manifest_mapping(adata) if uses_defaults else None
    title = None
    if table is None:
        if uses_defaults and not {source, name, term} <= set(adata.obs.columns):
            raise InputError("obs has no ontology columns")
        table = mapping_from_obs(adata, source, name, term)
        title = None if ontology_columns[0] else "Calls and their Cell Ontology terms"
    size = (14.0, min(height_for(len(table)), 26.0))
    return plot_ontology_mapping(adata, source, name, term, mapping_table=table, title=title, figsize=size, save=save)
