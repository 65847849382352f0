"""The two trainers, from labelled cells to a model in memory."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.expression.find import find_counts
from spatialcore.annotation.model.artifact import CellTypingModel
from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.query import open_query
from spatialcore.annotation.training.blas_threads import one_blas_thread
from spatialcore.annotation.training.celltypist import CellTypistOptions, fit_celltypist
from spatialcore.annotation.training.classes import ClassLabels, require_repeats
from spatialcore.annotation.training.cohort import describe_platform, train_cohort
from spatialcore.annotation.training.cross_validation import CrossValidationResult, cross_validate
from spatialcore.annotation.training.fitting import TargetPlatform, fit_models, query_class_profiles
from spatialcore.annotation.training.folds import find_groups
from spatialcore.annotation.training.platform import MAX_QUERY_CELLS, class_profiles, estimate_platform
from spatialcore.annotation.training.prevailing import Prevailing
from spatialcore.annotation.training.query_shift import QueryShift
from spatialcore.annotation.training.sample_groups import group_similar
from spatialcore.core.counts import recover_counts
from spatialcore.core.logging import get_logger
from spatialcore.core.matrix import open_matrix
from spatialcore.core.normalization import TARGET_SUM, log1p_normalize, row_totals
from spatialcore.core.sampling import draw_rows
from spatialcore.core.types import Codes
from spatialcore.errors import InputError

log = get_logger(__name__)

IMAGING_SPREAD = 0.9  # of log gene efficiencies: three pairs of dissociated cells have 0.6, imaging panels 1.0 to 1.5


def train_celltypist(
    adata: AnnData, labels: ClassLabels, options: CellTypistOptions, random_state: int
) -> CellTypingModel:
    """Train by CellTypist's recipe on log1p(10k)."""
    matrix, kind, _ = find_counts(adata)
    if kind == "log1p":
        X = open_matrix(matrix).take(labels.rows)
    else:
        X = log1p_normalize(reference_counts(adata, labels.rows), TARGET_SUM)
    names = np.array(labels.names)[labels.codes]
    linear, classes, genes = fit_celltypist(X, names, np.asarray(adata.var_names, dtype=object), options, random_state)
    return CellTypingModel(classes, genes, linear)


@one_blas_thread()
def train_logistic(
    adata: AnnData,
    labels: ClassLabels,
    *,
    query: AnnData | None,
    depths: npt.ArrayLike | None,
    random_state: int,
) -> CellTypingModel:
    """Train the matched model and its calibration."""
    counts = reference_counts(adata, labels.rows)
    genes = np.asarray([str(gene) for gene in adata.var_names], dtype=object)
    used = np.asarray(counts.sum(axis=0)).ravel() > 0
    query_counts: sparse.csr_matrix | None = None
    if query is not None:
        sample, position = query_sample(query, genes, random_state)
        used &= np.isin(np.arange(len(genes)), position)
        query_counts = sample if used[position].all() else sample[:, used[position]]
    genes = genes[used]
    counts = counts if used.all() else counts[:, used]  # each selection is a copy
    filled = row_totals(counts) > 0
    counts, codes = counts if filled.all() else counts[filled], labels.codes[filled]
    groups = find_groups(adata.obs.iloc[labels.rows[filled]])
    drawn = drawn_cells(adata)[labels.rows][filled]
    _check_classes(codes, labels)
    n_classes = len(labels.names)
    rng = np.random.default_rng(random_state)
    if query is not None and len(samples := query_samples(query, genes, random_state)) > 1:
        return _train_for_samples(samples, query, counts, codes, labels, genes, groups, drawn, rng)
    target = _conditions(counts, codes, n_classes, query_counts, depths)
    imaged = query_counts if query is not None and is_imaging(query, target) else None
    validation = cross_validate(
        counts, codes, n_classes, target, rng, groups=groups, query=imaged, sample=query_counts, drawn=drawn
    )
    query_profiles = (
        query_class_profiles(validation.models, imaged) if imaged is not None and validation.models else None
    )
    models = fit_models(counts, codes, n_classes, target, rng, validation.models, query_profiles)
    return CellTypingModel(
        classes=labels.names,
        genes=tuple(map(str, genes)),
        linear=_weighing(models.primary, validation.prevailing),
        target_sum=models.target_sum,
        second=models.auxiliary,
        profiles=models.profiles,
        reference_profiles=class_profiles(counts, codes, n_classes) if target.platform else None,
        background=target.platform.background if target.platform else None,
        calibration=validation.calibration,
        metadata={
            "heldout": {**_heldout_table(validation.result, labels), **_describe_groups(groups)},
            "platform": _describe(target, validation.shift) | _describe_prevailing(validation.prevailing, labels),
        },
    )


def _weighing(linear: Standardized, prevailing: Prevailing | None) -> Standardized:
    """Return the model with what it weighs in a query of mainly one class in its intercepts."""
    return linear if prevailing is None else replace(linear, intercept=linear.intercept + prevailing.score)


def _describe_prevailing(prevailing: Prevailing | None, labels: ClassLabels) -> dict[str, Any]:
    if prevailing is None:
        return {}
    largest = int(prevailing.shares.argmax())
    name, share = labels.names[largest], float(prevailing.shares[largest])
    log.info(
        "most cells of the query are %s (%.0f %%): calls take into account how often each class occurs",
        name,
        100 * share,
    )
    return {"prevailing_class": name, "prevailing_share": share}


def _train_for_samples(
    samples: dict[str, sparse.csr_matrix],
    query: AnnData,
    counts: sparse.csr_matrix,
    codes: Codes,
    labels: ClassLabels,
    genes: npt.NDArray[np.object_],
    groups: list[Codes],
    drawn: npt.NDArray[np.bool_],
    rng: np.random.Generator,
) -> CellTypingModel:
    """Train one model for several samples; see :mod:`spatialcore.annotation.training.cohort`."""
    n_classes = len(labels.names)
    together = estimate_platform(class_profiles(counts, codes, n_classes), sparse.vstack(list(samples.values())))
    imaging = is_imaging(query, TargetPlatform(together))
    trained = train_cohort(counts, codes, n_classes, samples, rng, imaging=imaging, groups=groups, drawn=drawn)
    models = trained.models
    for sample in trained.cohort.samples:
        if sample.unlike:
            log.warning("sample %s differs from the others: %s", sample.name, sample.unlike)
    return CellTypingModel(
        classes=labels.names,
        genes=tuple(map(str, genes)),
        linear=models.primary,
        target_sum=models.target_sum,
        second=models.auxiliary,
        profiles=models.profiles,
        reference_profiles=trained.cohort.shares,
        background=trained.platform.background,
        calibration=trained.calibration,
        cohort=trained.cohort,
        metadata={
            "heldout": {**_heldout_table(trained.result, labels), **_describe_groups(groups)},
            "platform": {"matched_to": "query", **describe_platform(trained.platform, trained.mixing)},
            "samples": {sample.name: {**sample.platform, "unlike": sample.unlike} for sample in trained.cohort.samples},
        },
    )


def query_samples(query: AnnData, genes: npt.NDArray[np.object_], random_state: int) -> dict[str, sparse.csr_matrix]:
    """Return counts of each sample of a pooled query, or of groups of similar samples; none if it is not pooled."""
    if columns.QUERY_SAMPLE not in query.obs:
        return {}
    names = query.obs[columns.QUERY_SAMPLE].astype(str).to_numpy()
    samples = {}
    for name in np.unique(names):
        counts, _ = query_sample(query[names == name], genes, random_state)
        if (row_totals(counts) > 0).any():
            samples[str(name)] = counts
    return group_similar(samples)


def drawn_cells(adata: AnnData) -> npt.NDArray[np.bool_]:
    """Return which reference cells were drawn from a profile."""
    if columns.REFERENCE_KIND not in adata.obs:
        return np.zeros(adata.n_obs, dtype=bool)
    return np.asarray(adata.obs[columns.REFERENCE_KIND] == columns.KIND_PROFILES)


def reference_counts(adata: AnnData, rows: npt.NDArray[np.intp]) -> sparse.csr_matrix:
    """Return counts of labelled reference cells: raw, else recovered or pseudo-counts."""
    layer = adata.layers.get("counts") if hasattr(adata.layers, "get") else None
    if layer is not None:
        if isinstance(layer, sparse.csr_matrix) and _is_as_taken(layer, rows):
            return layer  # a copy would be the largest part of the memory
        return sparse.csr_matrix(open_matrix(layer).take(rows))
    matrix, kind, _ = find_counts(adata)
    values = open_matrix(matrix).take(rows)
    return values if kind == "counts" else recover_counts(values)[0]


def _is_as_taken(counts: sparse.csr_matrix, rows: npt.NDArray[np.intp]) -> bool:
    """Return whether :meth:`Matrix.take` of these rows, ascending, would return a copy of the matrix."""
    is_whole = len(rows) == counts.shape[0] and counts.dtype == np.float32
    return bool(is_whole and counts.has_sorted_indices and counts.data.all())


def query_sample(
    query: AnnData, genes: npt.NDArray[np.object_], random_state: int
) -> tuple[sparse.csr_matrix, npt.NDArray[np.intp]]:
    """Return counts of random query cells over the shared genes, and the positions of those genes in `genes`."""
    expression = open_query(query, [str(gene) for gene in genes])
    rng = np.random.default_rng(random_state)
    n = expression.n_obs
    rows = draw_rows(n, MAX_QUERY_CELLS, rng)
    return expression.counts(rows), expression.genes.model


def is_imaging(query: AnnData, target: TargetPlatform) -> bool:
    """Return whether the query is imaging data with counts: with coordinates, or efficiencies spread as in imaging."""
    _, kind, _ = find_counts(query)
    if kind not in ("counts", "recoverable") or target.platform is None or not len(target.platform.depths):
        return False
    return columns.SPATIAL in query.obsm or target.platform.efficiency_spread >= IMAGING_SPREAD


def _conditions(
    counts: sparse.csr_matrix,
    codes: npt.NDArray[np.intp],
    n_classes: int,
    query: sparse.csr_matrix | None,
    depths: npt.ArrayLike | None,
) -> TargetPlatform:
    if query is not None:
        return TargetPlatform(platform=estimate_platform(class_profiles(counts, codes, n_classes), query))
    if depths is None:
        return TargetPlatform()
    values = np.atleast_1d(np.asarray(depths, dtype=np.float64)).ravel()
    if not len(values) or not np.isfinite(values).all() or (values <= 0).any():
        raise InputError(
            "depths must be positive numbers", hint="counts per cell: one number, or a sample of the query's cells"
        )
    return TargetPlatform(depths=values)


def _check_classes(codes: npt.NDArray[np.intp], labels: ClassLabels) -> None:
    sizes = np.bincount(codes, minlength=len(labels.names))
    missing = [name for name, n in zip(labels.names, sizes, strict=True) if n == 0]
    if missing:
        raise InputError(
            f"no cell of {', '.join(missing[:5])} has a count on the shared genes",
            hint="leave these classes out, or use a reference that measures the panel",
        )
    require_repeats(sizes.tolist())


def _heldout_table(heldout: CrossValidationResult, labels: ClassLabels) -> dict[str, Any]:
    confusion = heldout.confusion()
    right, truth, called = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    f1 = np.divide(2 * right, truth + called, out=np.zeros(len(right)), where=truth + called > 0)
    return {
        "accuracy": float(right.sum() / max(1, truth.sum())),
        "macro_f1": float(f1[truth > 0].mean()) if (truth > 0).any() else 0.0,
        "f1": {name: value for name, value, n in zip(labels.names, f1.round(4).tolist(), truth, strict=True) if n > 0},
        "cells": dict(zip(labels.names, truth.tolist(), strict=True)),
        "confusion": confusion.tolist(),
        **({"cells_from": columns.KIND_PROFILES} if heldout.drawn.any() else {}),
        "reliability": heldout.reliability(),
    }


def _describe_groups(groups: list[Codes]) -> dict[str, int]:
    return {"groups": max(int(group.max()) + 1 for group in groups)} if groups else {}


def _describe(target: TargetPlatform, shift: QueryShift | None) -> dict[str, Any]:
    if target.platform is None:
        return {"matched_to": "depths" if target.depths is not None else "nothing"}
    mixing = None if shift is None else shift.mixing
    return {"matched_to": "query", **describe_platform(target.platform, mixing)}
