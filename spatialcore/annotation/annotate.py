"""Call the cells of a query with a model (:func:`annotate_celltypist`).

Written, for every cell and in the order of the cells:

- ``obs["cell_type"]``: the call, or "Unassigned"; ``obs["cell_type_unassigned_reason"]`` says why
- ``obs["cell_type_predicted"]``: the model's best class, without regard to its confidence
- ``obs["cell_type_confidence"]``, ``obs["cell_type_confidence_raw"]``
- ``obs["cell_type_ontology_term_id"]``, ``obs["cell_type_ontology_label"]``: of the call before it was filtered
- ``obs["cell_type_unseen_score"]``: see :mod:`spatialcore.annotation.unknown.suspicion`; with calibrated confidence,
  a model matched to a query and at least 240 cells
- ``obs["cell_type_level_1"]`` to ``_3``, their confidences, ``obs["cell_type_path"]`` and
  ``obsm["cell_type_path_confidence"]``: see :mod:`spatialcore.annotation.calls.level_columns`; with calibrated
  confidence or ``resolution="auto"``, from one model whose classes have Cell Ontology ids
- ``obs["cell_type_taxonomy_<level>"]``: the best class's name at other levels of the reference's taxonomy, if recorded
- ``obsm["cell_type_decision_scores"]``: array, cells x classes, float64, with ``store_decision_scores`` and one model
- ``obs["foreign_share"]``, ``_null``, ``obs["second_type"]``, ``_share``: see
  :mod:`spatialcore.annotation.spillover.run`; for counts with coordinates and a model matched to its platform
- ``uns["spatialcore_annotation"]``: ``model_path``, ``model_sha256``, ``model_classes_json`` (the order of the scores),
  ``model_target_sum``, ``expression_source``, ``confidence_transform``, ``min_confidence``, ``n_shared_genes``,
  ``n_model_genes``, ``colors_json`` (class -> colour), ``model_card_json`` (the sidecar without the genes),
  ``gene_evidence_json`` (genes for and against the calls of each type), ``gene_overlap_pct``, ``missing_genes_json``,
  ``reference_fit_json`` (how well the class profiles describe the cells), ``spill_over_json``,
  ``n_cells``, ``species``, ``n_unassigned``, ``n_without_counts``
"""

import json
from pathlib import Path
from typing import Final

from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation import run_manifest
from spatialcore.annotation.calls.existing import keep_existing
from spatialcore.annotation.calls.level_columns import remove_levels, write_levels
from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.calls.manifest import run_entries
from spatialcore.annotation.calls.model_run import CallOptions, run_model
from spatialcore.annotation.calls.obs_columns import (
    Calls,
    Run,
    at_finest_term,
    most_confident,
    voted,
    write_calls,
)
from spatialcore.annotation.calls.sample_match import match_sample
from spatialcore.annotation.calls.voting import voting_clusters
from spatialcore.annotation.choices import CONFIDENCE_METHODS, RESOLUTION_MODES, ConfidenceMethod, ResolutionMode
from spatialcore.annotation.model.artifact import CellTypingModel, load_model
from spatialcore.annotation.model.pretrained import find_pretrained, models_for_tissue
from spatialcore.annotation.query import Expression, open_query
from spatialcore.annotation.spillover.other_coordinates import with_coordinates
from spatialcore.annotation.spillover.run import RunSpillOver, estimate_for_run
from spatialcore.annotation.taxonomy import write_taxonomy
from spatialcore.core.logging import get_logger
from spatialcore.core.validation import require_one_of, takes_adata, to_change
from spatialcore.errors import GeneOverlapError, InputError, ModelError

log = get_logger(__name__)

MOST_GENES: Final = 0.8  # share of the genes of a model below which a warning is logged


@takes_adata
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
    detect_unseen: bool = True,
) -> AnnData:
    """Annotate every cell with a model of this package or any CellTypist model.

    The scores are those of CellTypist, computed from the sparse matrix block by block. Raw counts in a
    layer, raw.X or X are used; without them log1p(10k) in ``X``.

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
        Give each cluster its most frequent call, or "Heterogeneous" if its share is below `min_prop`. The clusters are
        in obs[`over_clustering`], by default in obs["leiden"]. Not recommended for spatial data.
    min_gene_overlap_pct
        Minimum share of the model's genes that the query must have, in per cent.
    min_confidence
        Calls whose ``cell_type_confidence`` is lower become "Unassigned".
    store_decision_scores
        Store the scores of all classes in obsm; False also removes those of an earlier run.
    confidence_transform
        What ``cell_type_confidence`` is, see :func:`transform_confidence`; "calibrated" for models that carry a
        calibration; None is "raw".
    batch_size
        Cells per block; chosen to fit in little memory if not given.
    copy
        Return an annotated copy; by default `adata` is modified.
    resolution
        "class": the best class, or "Unassigned". "auto": the finest term on the way from the best class up the Cell
        Ontology whose confidence reaches `min_confidence`, see :mod:`spatialcore.annotation.calls.levels`;
        ``cell_type_confidence`` is then that of the term, and ``cell_type_predicted`` keeps the class.
    detect_unseen
        Lower the confidence of clusters of cells whose type the model lacks, see
        :mod:`spatialcore.annotation.unknown.unseen`. It applies to calibrated confidence only.

    Returns
    -------
    AnnData
        The query with the columns of :mod:`spatialcore.columns`, listed in the page "What a run writes"; `adata`
        itself unless `copy`.

    Raises
    ------
    GeneOverlapError
        No gene, or too few genes, shared with the model.
    NormalizationError
        No raw counts, and ``X`` is not log1p(10k).
    InputError
        A value out of range, voting without clusters or together with batches, an unknown tissue, "auto" with several
        models.
    ModelError
        "auto" with a model whose classes have no Cell Ontology ids.

    Examples
    --------
    >>> import tempfile
    >>> from spatialcore.annotation import train_celltypist_model
    >>> from spatialcore.demo import simulated_data
    >>> query, reference = simulated_data()
    >>> model = f"{tempfile.mkdtemp()}/blood.pkl"
    >>> _ = train_celltypist_model(reference, "cell_type", output_path=model, trainer="logistic", query=query)
    >>> query = annotate_celltypist(query, custom_model_path=model, confidence_transform="calibrated")
    >>> query.obs[["true_type", "cell_type", "cell_type_confidence"]].iloc[::50].round(1)
              true_type   cell_type  cell_type_confidence
    cell0        B cell      B cell                   1.0
    cell50       T cell      T cell                   1.0
    cell100  fibroblast  fibroblast                   1.0
    cell150   mast cell   mast cell                   1.0
    """
    method: ConfidenceMethod = confidence_transform or "raw"
    _check_values(method, min_confidence, min_prop, batch_size, majority_voting, resolution)
    clusters = voting_clusters(adata, over_clustering) if majority_voting else None
    paths = (
        [Path(custom_model_path)]
        if custom_model_path
        else find_pretrained(models_for_tissue(tissue, ensemble=ensemble_mode))
    )
    adata = to_change(adata, copy=copy)
    if resolution == "auto" and len(paths) > 1:
        raise InputError(
            "resolution='auto' works with one model", hint="pass custom_model_path, or ensemble_mode=False"
        )
    with_coordinates(adata)
    options = CallOptions(method, batch_size, store_decision_scores and len(paths) == 1, detect_unseen)
    opened = _open_models(adata, paths, min_gene_overlap_pct)
    spill_over = estimate_for_run(adata, opened)
    trees = [_class_tree(model, method, resolution) if len(paths) == 1 else None for model, _ in opened]
    runs = [
        run_model(adata, model, query, spill_over, options, tree=tree)
        for (model, query), tree in zip(opened, trees, strict=True)
    ]
    calls = most_confident(runs)
    if resolution == "auto" and runs[0].tree is not None:
        calls = at_finest_term(calls, runs[0].tree, runs[0].prediction.path, min_confidence)
    if clusters is not None:
        calls = voted(calls, clusters, min_prop)
    _write(adata, calls, runs, spill_over, options, min_confidence)
    return adata


def _write(
    adata: AnnData, calls: Calls, runs: list[Run], spill_over: RunSpillOver, options: CallOptions, min_confidence: float
) -> None:
    """Write the results into the query, in place; what a user has under their names is moved first."""
    moved = keep_existing(adata)
    write_calls(adata, calls, min_confidence)
    spill_over.write(adata)
    if len(runs) == 1:
        write_taxonomy(adata, runs[0].model.metadata.get("taxonomy", {}))
    _write_scores(adata, runs, options.keep_scores)
    _write_unseen_score(adata, runs)
    run_manifest.record(adata, **run_entries(adata, runs, options.method, min_confidence), **spill_over.manifest)
    if moved:
        run_manifest.record(adata, moved_json=json.dumps(moved))
    remove_levels(adata)
    if runs[0].tree is not None:
        write_levels(adata, runs[0].tree, runs[0].prediction.path, min_confidence)


def _check_values(
    method: str, min_confidence: float, min_prop: float, batch_size: int | None, voting: bool, resolution: str
) -> None:
    require_one_of("confidence_transform", method, CONFIDENCE_METHODS)
    for name, value in (("min_confidence", min_confidence), ("min_prop", min_prop)):
        if not 0 <= value <= 1:
            raise InputError(f"{name} is {value:g}, expected 0 to 1", hint="give a number from 0 to 1, such as 0.8")
    if batch_size is not None and (isinstance(batch_size, bool) or batch_size < 1):
        raise InputError(
            f"batch_size is {batch_size}, expected a positive number of cells", hint="omit it for the default"
        )
    if batch_size is not None and voting:
        raise InputError(
            "batch_size requires majority_voting=False: a cluster may span several batches",
            hint="set majority_voting=False or batch_size=None",
        )
    require_one_of("resolution", resolution, RESOLUTION_MODES)


def _open_models(adata: AnnData, paths: list[Path], min_overlap: float) -> list[tuple[CellTypingModel, Expression]]:
    """Return each model with the query on its genes; of several, those with too few of them are left out."""
    opened, refused = [], None
    for path in paths:
        model = load_model(path)
        try:
            query = open_query(adata, model.genes, min_gene_overlap_pct=min_overlap)
            opened.append((match_sample(model, query), query))
            _warn_of_missing_genes(path, model, query)
        except GeneOverlapError as error:
            refused = error
            if len(paths) > 1:
                log.warning("%s is left out: %s", path.name, error.message)
    if not opened and refused is not None:
        raise refused
    return opened


def _warn_of_missing_genes(path: Path, model: CellTypingModel, query: Expression) -> None:
    n_shared, n_genes = len(query.genes.model), len(model.genes)
    if n_shared < MOST_GENES * n_genes:
        log.warning(
            "the query has %d of the %d genes of %s (%.0f %%): calls and confidence are less reliable than of a model "
            "trained for this panel",
            *(n_shared, n_genes, path.name, 100 * n_shared / n_genes),
        )


def _class_tree(model: CellTypingModel, method: ConfidenceMethod, resolution: ResolutionMode) -> ClassTree | None:
    """Return the tree over a model's classes if calls by level are requested or the confidence is calibrated."""
    if resolution != "auto" and method != "calibrated":
        return None
    if any(model.ontology_ids.values()):
        return ClassTree.build(model.classes, model.ontology_ids)
    if resolution == "auto":
        raise ModelError(
            "resolution='auto' needs classes with Cell Ontology ids, and this model has none",
            hint="train with add_ontology=True, or leave resolution='class'",
        )
    return None


def _write_scores(adata: AnnData, runs: list[Run], keep: bool) -> None:
    adata.obsm.pop(columns.DECISION_SCORES, None)
    if keep:
        adata.obsm[columns.DECISION_SCORES] = runs[0].prediction.scores


def _write_unseen_score(adata: AnnData, runs: list[Run]) -> None:
    if columns.UNSEEN_SCORE in adata.obs:
        del adata.obs[columns.UNSEEN_SCORE]
    if len(runs) == 1 and runs[0].unseen_score is not None:
        adata.obs[columns.UNSEEN_SCORE] = runs[0].unseen_score
