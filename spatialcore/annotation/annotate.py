"""Call the cells of a query with a model: the spec's door.

Written, for every cell and in the order of the cells:

- ``obs["cell_type"]``: the call, or "Unassigned"; ``obs["cell_type_unassigned_reason"]`` says why
- ``obs["cell_type_predicted"]``: the model's best class, whatever its confidence
- ``obs["cell_type_confidence"]``, ``obs["cell_type_confidence_raw"]``
- ``obs["cell_type_ontology_term_id"]``, ``obs["cell_type_ontology_label"]``: of the call before it was filtered
- ``obsm["cell_type_decision_scores"]``: array, cells x classes, float64, if asked for and made by one model
- ``uns["spatialcore_annotation"]``: ``model_path``, ``model_sha256``, ``model_classes_json`` (the order of the scores),
  ``model_target_sum``, ``expression_source``, ``confidence_transform``, ``min_confidence``, ``n_shared_genes``,
  ``n_model_genes``, ``colors_json`` (class -> colour), ``model_card_json`` (the sidecar without the genes),
  ``gene_overlap_pct``, ``missing_genes_json``, ``n_cells``, ``n_unassigned``, ``n_without_counts``
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation import run_manifest
from spatialcore.annotation.calls.obs_columns import Run, keep_own_columns, most_confident, voted, write_calls
from spatialcore.annotation.calls.prediction import Predictor, predict
from spatialcore.annotation.calls.resolution import Resolution
from spatialcore.annotation.calls.voting import voting_clusters
from spatialcore.annotation.choices import CONFIDENCE_METHODS, RESOLUTION_MODES, ConfidenceMethod, ResolutionMode
from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.model.pretrained import find_pretrained, models_for_tissue
from spatialcore.annotation.query import open_query
from spatialcore.core.logging import get_logger
from spatialcore.errors import GeneOverlapError, InputError

log = get_logger(__name__)


def annotate_celltypist(
    adata: AnnData,
    tissue: str = "unknown",
    ensemble_mode: bool = True,
    custom_model_path: str | Path | None = None,
    majority_voting: bool = False,
    over_clustering: str | None = None,
    min_prop: float = 0.0,
    min_gene_overlap_pct: float = 25.0,
    min_confidence: float = 0.5,
    store_decision_scores: bool = True,
    confidence_transform: ConfidenceMethod | None = "zscore",
    batch_size: int | None = None,
    copy: bool = False,
    *,
    resolution: ResolutionMode = "class",
) -> AnnData:
    """Call every cell with a model trained here or with any CellTypist model.

    The scores are those of CellTypist, computed from the sparse matrix block by block. Raw counts are used wherever
    they are found; without them log1p(10k) in ``X``.

    Parameters
    ----------
    adata
        The query; ``X`` in memory, backed, or a dask array.
    tissue, ensemble_mode
        Without `custom_model_path`: CellTypist's pre-trained models for this tissue, per cell the most confident of
        them; with ``ensemble_mode=False`` its general immune model alone.
    custom_model_path
        A ``.pkl`` on this machine.
    majority_voting, over_clustering, min_prop
        Give every cluster its most frequent call, or "Heterogeneous" where that has a share below `min_prop`. The
        clusters are in obs[`over_clustering`], else in obs["leiden"]. Not advised for spatial data.
    min_gene_overlap_pct
        Refuse a model of which the query has fewer genes, in per cent.
    min_confidence
        Calls whose ``cell_type_confidence`` is lower become "Unassigned".
    store_decision_scores
        Keep the scores of all classes in obsm; False also removes those of an earlier run.
    confidence_transform
        What ``cell_type_confidence`` is, see :func:`transform_confidence`; "calibrated" for models that carry a
        calibration; None is "raw".
    batch_size
        Cells per block; chosen to fit in little memory if not given.
    copy
        Return a new AnnData instead of writing into the one given.
    resolution
        "auto" gives a cell that stands between two classes which the panel cannot tell apart their lowest common
        Cell Ontology ancestor; see :mod:`spatialcore.annotation.calls.resolution`. ``cell_type_predicted`` keeps the
        class.

    Raises
    ------
    GeneOverlapError
        No gene, or too few genes, shared with the model.
    NormalizationError
        No raw counts, and ``X`` is not log1p(10k).
    InputError
        A value out of range, voting without clusters or together with batches, an unknown tissue.

    Examples
    --------
    >>> adata = annotate_celltypist(adata, custom_model_path="models/lung.pkl")  # doctest: +SKIP
    """
    method: ConfidenceMethod = confidence_transform or "raw"
    _check_values(method, min_confidence, min_prop, batch_size, majority_voting, resolution)
    clusters = voting_clusters(adata, over_clustering) if majority_voting else None
    paths = (
        [Path(custom_model_path)]
        if custom_model_path
        else find_pretrained(models_for_tissue(tissue, ensemble=ensemble_mode))
    )
    adata = adata.copy() if copy else adata
    keep = store_decision_scores and len(paths) == 1
    runs = _run_models(
        adata, paths, method, min_gene_overlap_pct, batch_size, keep_scores=keep, merge=resolution == "auto"
    )
    calls = most_confident(runs)
    kept = keep_own_columns(adata)
    write_calls(adata, calls if clusters is None else voted(calls, clusters, min_prop), min_confidence)
    _write_scores(adata, runs, keep)
    run_manifest.record(adata, **_manifest(adata, runs, method, min_confidence))
    if kept:
        run_manifest.record(adata, kept_columns_json=json.dumps(kept))
    return adata


def _check_values(
    method: str, min_confidence: float, min_prop: float, batch_size: int | None, voting: bool, resolution: str
) -> None:
    if method not in CONFIDENCE_METHODS:
        raise InputError(
            f"confidence_transform {method!r} is not known", hint=f"one of {', '.join(CONFIDENCE_METHODS)}, or None"
        )
    for name, value in (("min_confidence", min_confidence), ("min_prop", min_prop)):
        if not 0 <= value <= 1:
            raise InputError(f"{name} is {value}, wanted 0 to 1", hint="confidence and proportions are shares")
    if batch_size is not None and (isinstance(batch_size, bool) or batch_size < 1):
        raise InputError(
            f"batch_size is {batch_size}, wanted a positive number of cells", hint="leave it out for a good value"
        )
    if batch_size is not None and voting:
        raise InputError(
            "batch_size requires majority_voting=False: clusters reach over batches",
            hint="set majority_voting=False or batch_size=None",
        )
    if resolution not in RESOLUTION_MODES:
        raise InputError(f"resolution {resolution!r} is not known", hint=f"one of {', '.join(RESOLUTION_MODES)}")


def _run_models(
    adata: AnnData,
    paths: list[Path],
    method: ConfidenceMethod,
    min_overlap: float,
    batch_size: int | None,
    *,
    keep_scores: bool,
    merge: bool,
) -> list[Run]:
    """Run each model; of several, those with too few shared genes are left out with a warning."""
    runs, refused = [], None
    for path in paths:
        model = load_model(path)
        try:
            query = open_query(adata, model.genes, min_gene_overlap_pct=min_overlap)
        except GeneOverlapError as error:
            refused = error
            if len(paths) > 1:
                log.warning("%s is left out: %s", path.name, error.message)
            continue
        resolution = Resolution.of_model(model.classes, model.ontology_ids, model.metadata) if merge else None
        predictor = Predictor.build(
            model, query.kind, query.genes, method, keep_scores=keep_scores, resolution=resolution
        )
        runs.append(Run(model, query, predict(predictor, query, batch_size), resolution))
    if not runs and refused is not None:
        raise refused
    return runs


def _write_scores(adata: AnnData, runs: list[Run], keep: bool) -> None:
    adata.obsm.pop(columns.DECISION_SCORES, None)
    if keep:
        adata.obsm[columns.DECISION_SCORES] = runs[0].prediction.scores


def _manifest(adata: AnnData, runs: list[Run], method: str, min_confidence: float) -> dict[str, Any]:
    first = runs[0]
    genes = first.query.genes.model
    missing = np.setdiff1d(np.arange(len(first.model.genes)), genes)
    return {
        "model_path": ";".join(str(run.model.path) for run in runs),
        "model_sha256": ";".join(run.model.sha256 for run in runs),
        "model_classes_json": json.dumps(
            [list(run.model.classes) for run in runs] if len(runs) > 1 else list(first.model.classes)
        ),
        "model_target_sum": float(first.model.target_sum),
        "model_card_json": json.dumps({k: v for k, v in first.model.metadata.items() if k != "genes"}, default=float),
        "colors_json": json.dumps(first.model.colors),
        "expression_source": first.query.source,
        "confidence_transform": method,
        "min_confidence": float(min_confidence),
        "n_model_genes": len(first.model.genes),
        "n_shared_genes": len(genes),
        "gene_overlap_pct": 100.0 * len(genes) / max(1, len(first.model.genes)),
        "missing_genes_json": json.dumps([first.model.genes[i] for i in missing]),
        "n_cells": int(adata.n_obs),
        "n_unassigned": int((adata.obs[columns.CELL_TYPE] == columns.UNASSIGNED).sum()),
        "n_without_counts": int((first.prediction.best < 0).sum()),
    }
