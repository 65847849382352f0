"""The stages from a query and a model to filtered calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spatialcore import columns
from spatialcore.annotation.config import AnnotationSettings
from spatialcore.core.logging import get_logger

if TYPE_CHECKING:  # imported in the functions: flows import the order of the stages, which stays cheap
    from anndata import AnnData

    from spatialcore.annotation.choices import ResolutionMode
    from spatialcore.annotation.run_manifest import Stopwatch

log = get_logger(__name__)
MAX_SCORED_CELLS: Final = 2_000_000


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
        resolution=_resolution_of(config),
        detect_unseen=config.detect_unseen,
        store_decision_scores=adata.n_obs <= MAX_SCORED_CELLS,
    )
    if config.purify:
        purify(annotated, model_path)
    return annotated


def purify(adata: AnnData, model_path: Path) -> None:
    """Write the layer of purified counts; a warning says why where that is not possible."""
    from spatialcore.annotation import run_manifest
    from spatialcore.annotation.spillover.purified import PURIFIED, decontaminate
    from spatialcore.core.entries import move_entry
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

    resolution = _resolution_of(config)
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


def _resolution_of(config: AnnotationSettings) -> ResolutionMode:
    """Return the resolution of the settings; "panel" is "class" unless the model is found to confuse types."""
    return "class" if config.resolution == "panel" else config.resolution


def _confuses_types(adata: AnnData) -> bool:
    """Return whether the model has so few genes that its calls are rolled up to terms that it can tell apart."""
    from spatialcore.annotation.training.small_panel import confuses_types

    manifest = adata.uns[columns.MANIFEST]
    heldout = json.loads(manifest["model_card_json"]).get("heldout") or {}
    classes = tuple(json.loads(manifest["model_classes_json"]))
    if not confuses_types(int(manifest["n_model_genes"]), heldout, classes):
        return False
    log.warning(
        "the model has %d genes and confuses types on held-out cells: each cell gets the finest Cell Ontology term "
        "that reaches the threshold; set resolution: class to keep the classes of the model",
        manifest["n_model_genes"],
    )
    return True
