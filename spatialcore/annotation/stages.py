"""The phases of a run, each AnnData in and AnnData out.

:func:`spatialcore.annotation.train_and_annotate` strings them together in memory; the service wraps each as a task.
``SETTINGS`` names the settings that a phase depends on, so that changing any other need not run it again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spatialcore import columns
from spatialcore.annotation.config import AnnotationSettings, TrainingConfig
from spatialcore.core.logging import get_logger

if TYPE_CHECKING:  # flows read SETTINGS from here: importing this module costs nothing
    import pandas as pd
    from anndata import AnnData

    from spatialcore.annotation.ontology import MappingResult
    from spatialcore.plotting.annotation_plots import AnnotationPlots

log = get_logger(__name__)

SETTINGS: Final[dict[str, tuple[str, ...]]] = {
    "combine": (
        "label_columns",
        "max_cells_per_ref",
        "min_cells_per_type",
        "min_gene_overlap_pct",
        "exclude_labels",
        "random_state",
    ),
    "map_ontology": ("add_ontology", "granularity", "tissue"),
    "balance": (
        "balance_strategy",
        "max_cells_per_type",
        "min_cells_per_type",
        "target_proportions",
        "random_state",
    ),
    "train": ("trainer", "tissue", "random_state"),
    "annotate": ("confidence_transform", "min_gene_overlap_pct", "resolution"),
    "keep_confident": ("confidence_threshold",),
    "plot": ("confidence_threshold", "generate_plots"),
}


def combine(config: TrainingConfig, panel: Sequence[str], *, cache_dir: Path | None = None) -> AnnData:
    """Read the references, cut to the panel, into one labelled AnnData on one scale."""
    from spatialcore.annotation.references.combine import combine_references
    from spatialcore.annotation.references.tissue_check import foreign_references

    combined = combine_references(
        list(config.references),
        config.column_of_each(),
        max_cells_per_ref=config.max_cells_per_ref,
        target_genes=list(panel),
        random_state=config.random_state,
        min_cells_per_type=config.min_cells_per_type,
        cache_dir=cache_dir,
        exclude_labels=config.exclude_labels,
        min_gene_overlap_pct=config.min_gene_overlap_pct,
    )
    foreign = foreign_references(config.tissue, json.loads(combined.uns[columns.REFERENCES_MANIFEST]))
    if foreign:
        log.warning(foreign)
    return combined


def map_ontology(combined: AnnData, config: AnnotationSettings) -> tuple[AnnData, MappingResult | None]:
    """Give every reference cell its Cell Ontology term and its class: the term's name, or its own label."""
    if not config.add_ontology:
        combined.obs[columns.UNIFIED_CELL_TYPE] = combined.obs[columns.ORIGINAL_LABEL].astype("category")
        return combined, None
    from spatialcore.annotation.ontology import add_ontology_ids

    combined, _, result = add_ontology_ids(
        combined,
        columns.ORIGINAL_LABEL,
        columns.ONTOLOGY_ID,
        skip_if_exists=True,
        name_col=columns.ONTOLOGY_LABEL,
        tissue=None if config.tissue == "unknown" else config.tissue,
        granularity=config.granularity,
    )
    combined.obs[columns.UNIFIED_CELL_TYPE] = _name_or_own_label(combined.obs)
    return combined, result


def balance(mapped: AnnData, config: AnnotationSettings) -> AnnData:
    """Draw the training cells: capped per type, shared out over the sources."""
    from spatialcore.annotation.balance.subsample import subsample_balanced

    return subsample_balanced(
        mapped,
        columns.ORIGINAL_LABEL,
        max_cells_per_type=config.max_cells_per_type,
        min_cells_per_type=config.min_cells_per_type,
        source_balance=config.balance_strategy,
        group_by_column=columns.ONTOLOGY_ID if config.add_ontology else None,
        target_proportions=config.target_proportions,
        random_state=config.random_state,
    )


def train(balanced: AnnData, query: AnnData | None, config: AnnotationSettings, output: Path) -> dict[str, Any]:
    """Train on the balanced cells, matched to the query's platform, and write the three files of the model."""
    from spatialcore.annotation.training.train import train_celltypist_model

    return train_celltypist_model(
        balanced,
        label_column=columns.UNIFIED_CELL_TYPE,
        model_name=output.stem,
        output_path=output,
        trainer=config.trainer,
        query=query,
        tissue=config.tissue,
        random_state=config.random_state,
    )


def annotate(adata: AnnData, model_path: Path, config: AnnotationSettings) -> AnnData:
    """Call every cell of the query, in place. No call is filtered yet."""
    from spatialcore.annotation.annotate import annotate_celltypist

    return annotate_celltypist(
        adata,
        tissue=config.tissue,
        custom_model_path=model_path,
        min_gene_overlap_pct=config.min_gene_overlap_pct,
        min_confidence=0.0,
        confidence_transform=config.confidence_transform,
        resolution=config.resolution,
    )


def keep_confident(adata: AnnData, config: AnnotationSettings) -> AnnData:
    """Leave calls below the threshold unassigned, in place, each with its reason; the manifest tells how many."""
    from spatialcore.annotation import run_manifest
    from spatialcore.annotation.calls.filters import filter_low_confidence

    kept = filter_low_confidence(
        adata,
        label_column=columns.CELL_TYPE,
        confidence_column=columns.CONFIDENCE,
        threshold=config.confidence_threshold,
        unassigned_label=columns.UNASSIGNED,
    )
    unassigned = int((kept.obs[columns.CELL_TYPE] == columns.UNASSIGNED).sum())
    run_manifest.record(kept, n_unassigned=unassigned, min_confidence=config.confidence_threshold)
    return kept


def plot(adata: AnnData, config: AnnotationSettings, output: Path, *, prefix: str = "celltyping") -> AnnotationPlots:
    """Draw every figure of a run into a folder."""
    from spatialcore.plotting.run_figures import draw_run_figures

    return draw_run_figures(adata, output, prefix=prefix, confidence_threshold=config.confidence_threshold)


def report(adata: AnnData, output: Path, *, config: AnnotationSettings, figures: AnnotationPlots | None = None) -> Path:
    """Write the page that tells the story of a run."""
    from spatialcore.report import write_report

    return write_report(adata, output, config=config, figures=figures)


def _name_or_own_label(obs: pd.DataFrame) -> pd.Series:
    import numpy as np
    import pandas as pd

    own = obs[columns.ORIGINAL_LABEL].astype(str)
    if columns.ONTOLOGY_LABEL not in obs:
        return own.astype("category")
    name = obs[columns.ONTOLOGY_LABEL].astype(object)
    known = name.notna() & ~name.isin(["", "unknown", "nan"])
    return pd.Series(np.where(known, name, own), index=obs.index).astype("category")
