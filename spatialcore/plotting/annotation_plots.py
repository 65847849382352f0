"""All validation plots of an annotation in one call."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.logging import get_logger
from spatialcore.plotting.figures.confidence import plot_celltype_confidence
from spatialcore.plotting.figures.heatmap import TooFewTypesError, plot_deg_heatmap
from spatialcore.plotting.figures.ontology import as_mapping, height_for, mapping_from_obs, plot_ontology_mapping
from spatialcore.plotting.figures.validation import plot_2d_validation
from spatialcore.plotting.groups import group_cells

log = get_logger(__name__)

NAMES: Final = ("deg_heatmap", "2d_validation", "confidence", "ontology_mapping")
_MANY: Final = 24


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
) -> dict[str, Any]:
    """Draw the four validation plots and return them with the table behind the second.

    Parameters
    ----------
    adata
        Annotated cells; ``X`` in log1p(10k), or counts.
    label_column, confidence_column
        Columns of ``obs`` with the calls and their confidence.
    output_dir
        Folder for ``{prefix}_deg_heatmap.png``, ``{prefix}_2d_validation.png``, ``{prefix}_confidence.png`` and
        ``{prefix}_ontology_mapping.png``, each with its numbers as CSV. Nothing is written when not given.
    prefix
        How the files' names begin.
    confidence_threshold
        Where a call counts.
    markers
        Type -> genes; the canonical markers when not given.
    n_deg_genes
        Differential genes per type.
    spatial_key
        Key of ``obsm`` with the coordinates.
    source_label_column, ontology_name_column, ontology_id_column
        Columns of ``obs`` for the ontology table. When not given, the table of the references' labels that the run
        left in ``uns["spatialcore_annotation"]`` is drawn, or else the calls and their terms.

    Returns
    -------
    ``figures`` and ``paths``, each by the plots' names (None where a plot was skipped or not written), and ``summary``,
    the table of :func:`plot_2d_validation`.

    Raises
    ------
    LabelColumnError
        A column is not there.

    Notes
    -----
    Fewer than two types with 10 cells: the heat map is skipped with a warning.
    """
    paths = _paths(output_dir, prefix)
    n_types = len(group_cells(adata, label_column).names)
    figures: dict[str, Any] = dict.fromkeys(NAMES)
    figures["deg_heatmap"] = _deg_heatmap(adata, label_column, n_deg_genes, paths["deg_heatmap"])
    figures["2d_validation"], summary = plot_2d_validation(
        adata,
        label_column,
        confidence_column,
        markers,
        confidence_threshold,
        ncols=4 if n_types <= _MANY else 6,
        save=paths["2d_validation"],
    )
    figures["confidence"] = plot_celltype_confidence(
        adata,
        label_column,
        confidence_column,
        spatial_key,
        confidence_threshold,
        max_cell_types=n_types,
        figsize=(11.5, max(5.5, 1.3 + 0.2 * n_types)),
        save=paths["confidence"],
    )
    asked = (source_label_column, ontology_name_column, ontology_id_column)
    figures["ontology_mapping"] = _ontology(adata, label_column, asked, paths["ontology_mapping"])
    written = {name: paths[name] if figures[name] is not None else None for name in NAMES}
    return {"figures": figures, "summary": summary, "paths": written}


def recorded_mapping(adata: AnnData) -> pd.DataFrame | None:
    """Return the table of the references' labels that a run left in the AnnData, if it did."""
    manifest = adata.uns.get(columns.MANIFEST, {})
    text = manifest.get("label_mapping_json") if isinstance(manifest, Mapping) else None
    return as_mapping(pd.DataFrame(json.loads(text))) if isinstance(text, str) and text != "[]" else None


def _paths(output_dir: str | Path | None, prefix: str) -> dict[str, Path | None]:
    folder = None if output_dir is None else Path(output_dir)
    return {name: folder / f"{prefix}_{name}.png" if folder else None for name in NAMES}


def _deg_heatmap(adata: AnnData, label_column: str, n_genes: int, save: Path | None) -> Any:
    try:
        return plot_deg_heatmap(adata, label_column, n_genes, save=save)
    except TooFewTypesError as error:
        log.warning("the heat map of differential genes is skipped: %s", error.message)
        return None


def _ontology(adata: AnnData, label_column: str, asked: tuple[str | None, ...], save: Path | None) -> Any:
    source, name, term = (
        given or default
        for given, default in zip(asked, (label_column, columns.ONTOLOGY_LABEL, columns.ONTOLOGY_ID), strict=True)
    )
    table = recorded_mapping(adata) if not any(asked) else None
    title = None
    if table is None:
        if not any(asked) and not {source, name, term} <= set(adata.obs.columns):
            log.warning("the ontology table is skipped: there are no ontology columns")
            return None
        table = mapping_from_obs(adata, source, name, term)
        title = None if asked[0] else "Calls and their Cell Ontology terms"
    size = (14.0, min(height_for(len(table)), 26.0))
    return plot_ontology_mapping(adata, source, name, term, mapping_table=table, title=title, figsize=size, save=save)
