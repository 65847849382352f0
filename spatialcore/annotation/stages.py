"""The stages of a run, each AnnData in and AnnData out, and the order in which they run.

:func:`train_model` and :func:`call_cells` run the stages in order, in memory; the library call, the command line and
the workflow use them. The service runs each stage as a task. ``SETTINGS`` names the settings that a stage depends on:
a change of any other setting does not run the stage again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spatialcore import columns
from spatialcore.annotation.config import AnnotationSettings, TrainingConfig
from spatialcore.core.logging import get_logger
from spatialcore.core.text.wording import number_of

if TYPE_CHECKING:  # flows import SETTINGS from here, so importing this module stays cheap
    import pandas as pd
    from anndata import AnnData

    from spatialcore.annotation.choices import ResolutionMode
    from spatialcore.annotation.ontology.result import MappingResult
    from spatialcore.annotation.run_manifest import Stopwatch
    from spatialcore.annotation.training.train import TrainingResult
    from spatialcore.plotting.annotation_plots import AnnotationPlots

log = get_logger(__name__)
Progress = Callable[[str], None]

MOST_SCORED: Final = 2_000_000
TRAINING_ORDER: Final = ("combine", "map_ontology", "balance", "train")
ANNOTATION_ORDER: Final = ("annotate", "keep_confident", "plot")

SETTINGS: Final[dict[str, tuple[str, ...]]] = {
    "combine": (
        "label_columns",
        "max_cells_per_ref",
        "min_cells_per_type",
        "min_gene_overlap_pct",
        "exclude_labels",
        "drop_uninformative_labels",
        "species",
        "orthologs",
        "taxonomy_levels",
        "random_state",
    ),
    "map_ontology": ("add_ontology", "class_names", "granularity", "tissue"),
    "balance": (
        "balance_strategy",
        "class_names",
        "max_cells_per_type",
        "min_cells_per_type",
        "target_proportions",
        "random_state",
    ),
    "train": ("trainer", "tissue", "random_state"),
    "annotate": ("confidence_transform", "detect_unseen", "min_gene_overlap_pct", "purify", "resolution"),
    "keep_confident": ("confidence_threshold", "resolution"),
    "plot": ("confidence_threshold", "generate_plots"),
}


@dataclass(frozen=True)
class TrainingRecord:
    """What a model was trained on.

    Parameters
    ----------
    mapped
        All reference cells with their classes.
    balanced
        The training cells.
    mapping
        Label -> Cell Ontology term; None where labels are not mapped.
    """

    mapped: AnnData
    balanced: AnnData
    mapping: pd.DataFrame | None

    @property
    def manifest(self) -> dict[str, str]:
        """The part of the run manifest that describes the training cells."""
        from spatialcore.annotation.run_manifest import describe_training

        return describe_training(self.mapped, self.balanced, self.mapping)


def train_model(
    config: TrainingConfig,
    panel: Sequence[str],
    query: AnnData | None,
    output: Path,
    *,
    stopwatch: Stopwatch | None = None,
    progress: Progress = log.info,
) -> TrainingRecord:
    """Run the stages of ``TRAINING_ORDER`` and write the files of the model.

    Parameters
    ----------
    config
        References and settings.
    panel
        Gene symbols of the panel.
    query
        Cells of the platform that the model is matched to; None trains without matching.
    output
        Path of the ``.pkl``; its folder is created.
    stopwatch
        Records the seconds of each stage.
    progress
        Called with one line at the start of the long stages.

    Returns
    -------
    TrainingRecord
        Reference cells, training cells and label mapping.
    """
    from spatialcore.annotation.run_manifest import Stopwatch

    stopwatch = stopwatch or Stopwatch()
    progress(f"reading {number_of(len(config.references), 'reference')}, {number_of(len(panel), 'panel gene')}")
    with stopwatch.stage("references"):
        combined = combine(config, panel)
    with stopwatch.stage("ontology"):
        mapped, result = map_ontology(combined, config)
    with stopwatch.stage("balance"):
        balanced = balance(mapped, config)
    progress(f"training on {number_of(balanced.n_obs, 'cell')}")
    output.parent.mkdir(parents=True, exist_ok=True)
    with stopwatch.stage("training"):
        train(balanced, query, config, output)
    return TrainingRecord(mapped, balanced, None if result is None else result.table)


def call_cells(
    adata: AnnData,
    model_path: Path,
    config: AnnotationSettings,
    manifest: Mapping[str, str | int],
    *,
    stopwatch: Stopwatch | None = None,
) -> AnnData:
    """Run the stages of ``ANNOTATION_ORDER`` up to the filter, in place.

    Parameters
    ----------
    adata
        The query.
    model_path
        The model's ``.pkl``.
    config
        Settings of the calls and of the filter.
    manifest
        Entries of the run manifest that describe run and training.
    stopwatch
        Records the seconds of the annotation.
    """
    from spatialcore.annotation import run_manifest

    with (stopwatch or run_manifest.Stopwatch()).stage("annotate"):
        annotate(adata, model_path, config)
    run_manifest.record(adata, **manifest)
    return keep_confident(adata, config)


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
        filter_min_cells=False,  # types are counted when labels have become classes, see `balance`
        cache_dir=cache_dir,
        exclude_labels=config.exclude_labels,
        drop_uninformative_labels=config.drop_uninformative_labels,
        min_gene_overlap_pct=config.min_gene_overlap_pct,
        species=config.species,
        orthologs=config.orthologs,
        taxonomy_levels=config.taxonomy_levels,
    )
    warning = foreign_references(config.tissue, json.loads(combined.uns[columns.REFERENCES_MANIFEST]))
    if warning:
        log.warning(warning)
    return combined


def map_ontology(combined: AnnData, config: AnnotationSettings) -> tuple[AnnData, MappingResult | None]:
    """Map labels to Cell Ontology terms and set the class of each cell: the term's name, or else the label."""
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
    uses_labels = config.class_names == "labels"
    combined.obs[columns.UNIFIED_CELL_TYPE] = (
        combined.obs[columns.ORIGINAL_LABEL].astype("category") if uses_labels else _name_or_label(combined.obs)
    )
    return combined, result


def balance(mapped: AnnData, config: AnnotationSettings) -> AnnData:
    """Draw the training cells: capped per type, divided over the sources."""
    from spatialcore.annotation.balance.subsample import subsample_balanced
    from spatialcore.annotation.references.cells import require_two

    balanced = subsample_balanced(
        mapped,
        columns.ORIGINAL_LABEL,
        max_cells_per_type=config.max_cells_per_type,
        min_cells_per_type=config.min_cells_per_type,
        source_balance=config.balance_strategy,
        group_by_column=columns.ONTOLOGY_ID if config.add_ontology and config.class_names == "ontology" else None,
        target_proportions=config.target_proportions,
        random_state=config.random_state,
    )
    require_two(balanced.obs[columns.UNIFIED_CELL_TYPE].astype(str).unique())
    return balanced


def train(balanced: AnnData, query: AnnData | None, config: AnnotationSettings, output: Path) -> TrainingResult:
    """Train on the balanced cells, matched to the query's platform, and write the three files of the model."""
    from spatialcore.annotation.gene_overlap import few_genes_warning
    from spatialcore.annotation.training.train import train_celltypist_model

    trained = train_celltypist_model(
        balanced,
        label_column=columns.UNIFIED_CELL_TYPE,
        model_name=output.stem,
        output_path=output,
        trainer=config.trainer,
        query=query,
        tissue=config.tissue,
        random_state=config.random_state,
    )
    f1 = (trained["model"].metadata.get("heldout") or {}).get("f1") or {}
    warning = few_genes_warning(len(trained["genes"]), f1)
    if warning:
        log.warning(warning)
    return trained


def annotate(adata: AnnData, model_path: Path, config: AnnotationSettings) -> AnnData:
    """Call every cell of the query, in place. No call is filtered yet.

    Scores of all classes are kept for up to two million cells: for more they would be the largest part of the memory.
    """
    from spatialcore.annotation.annotate import annotate_celltypist

    annotated = annotate_celltypist(
        adata,
        tissue=config.tissue,
        custom_model_path=model_path,
        min_gene_overlap_pct=config.min_gene_overlap_pct,
        min_confidence=0.0,
        confidence_transform=config.confidence_transform,
        resolution="auto" if config.resolution == "auto" else "class",
        detect_unseen=config.detect_unseen,
        store_decision_scores=adata.n_obs <= MOST_SCORED,
    )
    if config.purify:
        purify(annotated, model_path)
    return annotated


def purify(adata: AnnData, model_path: Path) -> None:
    """Write the layer of purified counts; a warning says why where that is not possible."""
    from spatialcore.annotation import run_manifest
    from spatialcore.annotation.spillover.purified import PURIFIED, decontaminate
    from spatialcore.entries import move_entry
    from spatialcore.errors import InputError

    if PURIFIED in adata.layers and "purified_layer" not in run_manifest.manifest_of(adata):
        move_entry(adata.layers, PURIFIED, "layers")
    try:
        decontaminate(adata, model_path)
        run_manifest.record(adata, purified_layer=PURIFIED)
    except InputError as error:
        log.warning("no purified counts: %s", error.message)


def keep_confident(adata: AnnData, config: AnnotationSettings) -> AnnData:
    """Set calls below the threshold to unassigned, in place, with the reason, and group those cells."""
    from spatialcore.annotation import run_manifest
    from spatialcore.annotation.calls.filters import filter_low_confidence
    from spatialcore.annotation.calls.level_columns import apply_threshold, class_tree
    from spatialcore.annotation.spillover.run import mark_mixed
    from spatialcore.annotation.unknown.groups import group_unknown_cells

    resolution: ResolutionMode = "class" if config.resolution == "panel" else config.resolution
    if class_tree(adata) is not None:
        resolution = "auto" if config.resolution == "panel" and _confuses_types(adata) else resolution
        apply_threshold(adata, config.confidence_threshold, resolution)
    filtered = filter_low_confidence(
        adata,
        label_column=columns.CELL_TYPE,
        confidence_column=columns.CONFIDENCE,
        threshold=config.confidence_threshold,
        unassigned_label=columns.UNASSIGNED,
    )
    mark_mixed(filtered)
    group_unknown_cells(filtered)
    unassigned = int((filtered.obs[columns.CELL_TYPE] == columns.UNASSIGNED).sum())
    run_manifest.record(
        filtered, n_unassigned=unassigned, min_confidence=config.confidence_threshold, resolution=resolution
    )
    return filtered


def _confuses_types(adata: AnnData) -> bool:
    """Return whether the model has so few genes that its calls are rolled up to terms that it can tell apart."""
    from spatialcore.annotation.training.small_panel import confuses_types

    manifest = adata.uns[columns.MANIFEST]
    heldout = json.loads(manifest["model_card_json"]).get("heldout") or {}
    classes = tuple(json.loads(manifest["model_classes_json"]))
    if not confuses_types(int(manifest["n_model_genes"]), heldout, classes):
        return False
    log.warning(
        "the model has %d genes and confuses types on held-out cells: cells are called the finest term of the Cell "
        "Ontology that reaches the threshold; resolution: class gives the classes of the model",
        manifest["n_model_genes"],
    )
    return True


def plot(adata: AnnData, config: AnnotationSettings, output: Path, *, prefix: str = "celltyping") -> AnnotationPlots:
    """Draw every figure of a run into a folder."""
    from spatialcore.plotting.run_figures import draw_run_figures

    return draw_run_figures(adata, output, prefix=prefix, confidence_threshold=config.confidence_threshold)


def report(
    adata: AnnData,
    output: Path,
    *,
    config: AnnotationSettings,
    figures: AnnotationPlots | None = None,
    sample: str = "",
) -> Path:
    """Write the report of a sample."""
    from spatialcore.report import write_report

    return write_report(adata, output, config=config, figures=figures, sample=sample)


def _name_or_label(obs: pd.DataFrame) -> pd.Series:
    import numpy as np
    import pandas as pd

    label = obs[columns.ORIGINAL_LABEL].astype(str)
    if columns.ONTOLOGY_LABEL not in obs:
        return label.astype("category")
    name = obs[columns.ONTOLOGY_LABEL].astype(object)
    mapped = name.notna() & ~name.isin(["", "unknown", "nan"])
    return pd.Series(np.where(mapped, name, label), index=obs.index).astype("category")
