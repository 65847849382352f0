"""The two trainers, from labelled cells to a model in memory."""

from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
from anndata import AnnData
from scipy import sparse

from spatialcore.annotation.expression.find import find_counts
from spatialcore.annotation.model.artifact import CellTypingModel
from spatialcore.annotation.training.celltypist import CellTypistOptions, fit_celltypist
from spatialcore.annotation.training.classes import ClassLabels
from spatialcore.annotation.training.cohort import train_cohort
from spatialcore.annotation.training.description import (
    describe_held_out,
    describe_platform,
    describe_prevailing,
    describe_target,
)
from spatialcore.annotation.training.fitting import fit_models
from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.estimate import estimate_platform
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.profile_vote import ImagedQuery
from spatialcore.annotation.training.solver.blas_threads import one_blas_thread
from spatialcore.annotation.training.training_input import (
    TrainingInput,
    is_imaging,
    query_samples,
    reference_counts,
    training_input,
)
from spatialcore.annotation.training.validation.cross_validation import cross_validate
from spatialcore.core.logging import get_logger
from spatialcore.core.matrix import open_matrix
from spatialcore.core.normalization import TARGET_SUM, log1p_normalize
from spatialcore.errors import InputError

log = get_logger(__name__)


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
    inputs = training_input(adata, labels, query, random_state)
    rng = np.random.default_rng(random_state)
    if query is None or inputs.query is None:
        return _train_for_target(_target_of_depths(depths), inputs, labels, rng)
    samples = query_samples(query, inputs.genes, random_state)
    if len(samples) > 1:
        return _train_for_samples(samples, query, inputs, labels, rng)
    return _train_for_target(_target_of_query(query, inputs.query, inputs.cells), inputs, labels, rng)


def _train_for_target(
    target: TargetPlatform, inputs: TrainingInput, labels: ClassLabels, rng: np.random.Generator
) -> CellTypingModel:
    """Train a model for one query, for depths or for nothing."""
    cells = inputs.cells
    validation = cross_validate(cells, target, rng, sample=inputs.query)
    models = fit_models(cells, target, rng, validation.models, validation.thinned)
    prior = validation.prevailing
    prevailing = describe_prevailing(prior, labels)
    if prevailing:
        log.info(
            "most cells of the query are %s (%.0f %%): calls take into account how often each class occurs",
            prevailing["prevailing_class"],
            100 * prevailing["prevailing_share"],
        )
    return CellTypingModel(
        classes=labels.names,
        genes=tuple(map(str, inputs.genes)),
        linear=prior.added_to(models.primary) if prior else models.primary,
        target_sum=models.target_sum,
        auxiliary=models.auxiliary,
        profiles=models.profiles,
        reference_profiles=cells.profiles if target.platform else None,
        background=target.platform.background if target.platform else None,
        calibration=validation.calibration,
        metadata={
            "heldout": describe_held_out(validation.result, labels, cells.groups),
            "platform": describe_target(target, validation.shift) | prevailing,
        },
    )


def _train_for_samples(
    samples: dict[str, sparse.csr_matrix],
    query: AnnData,
    inputs: TrainingInput,
    labels: ClassLabels,
    rng: np.random.Generator,
) -> CellTypingModel:
    """Train one model for several samples; see :mod:`spatialcore.annotation.training.cohort`."""
    trained = train_cohort(inputs.cells, samples, rng, is_imaging=partial(is_imaging, query))
    models = trained.models
    for sample in trained.cohort.samples:
        if sample.unlike:
            log.warning("sample %s differs from the others: %s", sample.name, sample.unlike)
    return CellTypingModel(
        classes=labels.names,
        genes=tuple(map(str, inputs.genes)),
        linear=models.primary,
        target_sum=models.target_sum,
        auxiliary=models.auxiliary,
        profiles=models.profiles,
        reference_profiles=trained.cohort.shares,
        background=trained.platform.background,
        calibration=trained.calibration,
        cohort=trained.cohort,
        metadata={
            "heldout": describe_held_out(trained.result, labels, inputs.cells.groups),
            "platform": {"matched_to": "query", **describe_platform(trained.platform, trained.mixing)},
            "samples": {sample.name: {**sample.platform, "unlike": sample.unlike} for sample in trained.cohort.samples},
        },
    )


def _target_of_query(query: AnnData, counts: sparse.csr_matrix, cells: LabelledCounts) -> TargetPlatform:
    """Return the platform of a query, estimated from counts of some of its cells."""
    target = TargetPlatform(platform=estimate_platform(cells.profiles, counts))
    if not is_imaging(query, target):
        return target
    return replace(target, imaged=ImagedQuery.of(counts, target.target_sum))


def _target_of_depths(depths: npt.ArrayLike | None) -> TargetPlatform:
    if depths is None:
        return TargetPlatform()
    values = np.atleast_1d(np.asarray(depths, dtype=np.float64)).ravel()
    if not len(values) or not np.isfinite(values).all() or (values <= 0).any():
        raise InputError(
            "depths must be positive numbers", hint="counts per cell: one number, or a sample of the query's cells"
        )
    return TargetPlatform(depths=values)
