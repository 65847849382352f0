"""Train one model for several samples, each of which measures cells in its own way.

Reference cells are simulated as each sample would measure them. The parts are standardized by themselves and fitted
together: the samples share the weights. Held-out cells are simulated for each sample, so that each gets a calibration.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import sparse

from spatialcore.annotation.model.calibration import Calibration
from spatialcore.annotation.model.cohort import Cohort, SampleMatch, describe_unlike
from spatialcore.annotation.training.description import describe_platform
from spatialcore.annotation.training.fitting import (
    BALANCE,
    FittedModels,
    fit_auxiliary,
    simulated_rows,
    training_cells,
)
from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.estimate import Platform, estimate_platform
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.profile_vote import HELD_OUT_VOTE, QUERY_VOTE, ImagedQuery, add_votes
from spatialcore.annotation.training.solver.fit_cells import FitCells, moments
from spatialcore.annotation.training.solver.logistic import fit_together
from spatialcore.annotation.training.validation.calibrate import calibrate
from spatialcore.annotation.training.validation.cross_validation import MIN_MEASURED_CELLS
from spatialcore.annotation.training.validation.folds import FOLDS, assign_folds, draw_per_class, most_per_class
from spatialcore.annotation.training.validation.held_out import HeldOut, score_held_out
from spatialcore.annotation.training.validation.query_shift import QueryShift, class_weights, measure_shift, mix
from spatialcore.annotation.training.validation.result import CrossValidationResult
from spatialcore.core.normalization import log1p_normalize
from spatialcore.core.progress import track
from spatialcore.core.types import Codes

MIN_SIMULATED_CELLS: Final = 2_000  # per sample, to standardize the genes


@dataclass(frozen=True)
class TrainedCohort:
    """What was trained for several samples.

    Parameters
    ----------
    models
        For all samples together: weights shared with the samples, standardized over all of them.
    cohort
        What differs between the samples.
    platform
        That of all samples together.
    result, calibration, mixing
        Held-out cells of all samples, the calibration fitted on them, and the mean share of mixed counts of imaging
        data.
    """

    models: FittedModels
    cohort: Cohort
    platform: Platform
    result: CrossValidationResult
    calibration: Calibration
    mixing: float | None


def train_cohort(
    cells: LabelledCounts,
    samples: Mapping[str, sparse.csr_matrix],
    rng: np.random.Generator,
    *,
    is_imaging: Callable[[TargetPlatform], bool],
) -> TrainedCohort:
    """Train the models of several samples.

    Parameters
    ----------
    cells
        The reference cells.
    samples
        Counts of cells of each sample on the same genes.
    is_imaging
        Whether the samples are of an imaging platform, with counts, by the platform of all samples together.
    """
    names = sorted(samples)
    each = [samples[name] for name in names]
    queries = [*each, sparse.vstack(each, format="csr")]  # the last of each list is of all samples together
    platforms = [estimate_platform(cells.profiles, query) for query in queries]
    targets = [TargetPlatform(platform) for platform in platforms]
    if is_imaging(targets[-1]):
        targets = [
            replace(target, imaged=ImagedQuery.of(query, target.target_sum))
            for target, query in zip(targets, queries, strict=True)
        ]
    scored, shifts, start = _cross_validate(cells, targets, rng)
    models = _fit(cells, targets, rng, start)
    sizes = np.minimum(np.bincount(cells.codes, minlength=cells.n_classes), most_per_class(cells.n_classes))
    results = [calibrate(parts, class_weights(sizes, shift)) for parts, shift in zip(scored, shifts, strict=True)]
    calibrations = [calibration for _, calibration in results]
    matches = list(map(_match, names, models, platforms, calibrations, shifts))
    reasons = describe_unlike(matches)
    described = tuple(replace(match, unlike=why) for match, why in zip(matches, reasons, strict=True))
    mixing = shifts[-1].mixing if shifts[-1] is not None else None
    return TrainedCohort(models[-1], Cohort(cells.profiles, described), platforms[-1], *results[-1], mixing)


def _match(
    name: str, models: FittedModels, platform: Platform, calibration: Calibration, shift: QueryShift | None
) -> SampleMatch:
    return SampleMatch(
        name=name,
        target_sum=models.target_sum,
        mean=models.primary.mean,
        scale=models.primary.scale,
        efficiency=platform.efficiency,
        background=platform.background,
        calibration=calibration,
        platform=describe_platform(platform, shift.mixing if shift else None),
    )


def _fit(
    cells: LabelledCounts,
    targets: Sequence[TargetPlatform],
    rng: np.random.Generator,
    start: Sequence[FittedModels] = (),
    query_vote: float = QUERY_VOTE,
) -> list[FittedModels]:
    """Fit the models of each sample, and of all together, which is the last of the targets."""
    *each, together = targets
    parts = _simulate_parts(cells, each, rng, start)
    linear = fit_together(
        [
            (FitCells.of(log1p_normalize(block, target.target_sum) for block in blocks), codes)
            for (blocks, codes), target in zip(parts, each, strict=True)
        ],
        cells.n_classes,
        power=BALANCE,
        start=start[-1].fitted if start else None,
    )
    mean, scale = moments(log1p_normalize(block, together.target_sum) for blocks, _ in parts for block in blocks)
    linear.append(replace(linear[0], mean=mean, scale=scale))
    auxiliary = fit_auxiliary(cells, start[-1].auxiliary if start else None)
    profiles = [target.expected(cells.profiles) for target in targets]
    imaged = [target.imaged for target in each if target.imaged is not None]
    voted = add_votes(linear, imaged, profiles, query_vote) if imaged else linear
    return [
        FittedModels(primary, fitted, auxiliary, expected, target.target_sum)
        for primary, fitted, expected, target in zip(voted, linear, profiles, targets, strict=True)
    ]


def _simulate_parts(
    cells: LabelledCounts, targets: Sequence[TargetPlatform], rng: np.random.Generator, start: Sequence[FittedModels]
) -> list[tuple[list[sparse.csr_matrix], Codes]]:
    """Return for each sample a part of the cells as it measures them, in blocks, and their classes."""
    rows = simulated_rows(cells.codes, rng)
    rows = np.tile(rows, max(1, -(-MIN_SIMULATED_CELLS * len(targets) // len(rows))))
    part = rng.permutation(len(rows)) % len(targets)
    own_profiles = [
        target.imaged.own_profiles(model.profiles, model.primary) if target.imaged else None
        for target, model in zip(targets, start, strict=False)
    ] or [None] * len(targets)
    return [training_cells(cells, rows[part == s], target, rng, own_profiles[s]) for s, target in enumerate(targets)]


def _cross_validate(
    cells: LabelledCounts, targets: Sequence[TargetPlatform], rng: np.random.Generator
) -> tuple[list[list[HeldOut]], Sequence[QueryShift | None], list[FittedModels]]:
    """Return, for each target, the held-out cells of each fold and the shift; and the models of the last fold."""
    cells = cells.rows(draw_per_class(cells.codes, most_per_class(cells.n_classes), rng))
    folds = assign_folds(cells.codes, rng, cells.groups)
    scored: list[list[HeldOut]] = [[] for _ in targets]
    shifts: list[QueryShift] = []
    models: list[FittedModels] = []
    for fold in track(range(FOLDS), "cross-validation"):
        outside = np.flatnonzero(folds == fold)
        if not len(outside):
            continue
        models = _fit(cells.rows(folds != fold), targets, rng, query_vote=HELD_OUT_VOTE)
        held_out = cells.rows(outside)
        shifts = shifts or _measure_shifts(models, held_out, targets, rng)
        for of_target, of_fold in zip(scored, _score(models, held_out, targets, shifts, rng), strict=True):
            of_target.extend(of_fold)
    if not shifts:
        return scored, [None] * len(targets), models
    return scored, [*shifts, QueryShift.mean(shifts)], models


def _measure_shifts(
    models: Sequence[FittedModels],
    held_out: LabelledCounts,
    targets: Sequence[TargetPlatform],
    rng: np.random.Generator,
) -> list[QueryShift]:
    """Return the shift of each sample of an imaging platform; none of other platforms."""
    return [
        measure_shift(model, held_out.counts, target.imaged.counts, target, rng)
        for model, target in zip(models[:-1], targets[:-1], strict=True)
        if target.imaged is not None
    ]


def _score(
    models: Sequence[FittedModels],
    held_out: LabelledCounts,
    targets: Sequence[TargetPlatform],
    shifts: Sequence[QueryShift],
    rng: np.random.Generator,
) -> list[list[HeldOut]]:
    """Return, for each target, the scored cells: a part of the held-out cells as each sample measures them.

    A share of each sample's cells is scored by the models of all samples together, too.
    """
    scorers = [model.scorer(with_pair_gain=bool(shifts)) for model in models]
    n_samples = len(targets) - 1
    scored: list[list[HeldOut]] = [[] for _ in targets]
    for s in range(n_samples):
        cells = held_out.rows(_draw_cells(len(held_out.codes), n_samples, rng))
        share = shifts[s].mixing if shifts else 0.0
        mixed = mix(targets[s].simulate(cells.counts, rng), models[s].profiles, share, rng)
        measured = replace(cells, counts=mixed)
        scored[s].append(score_held_out(scorers[s], measured, rng))
        first = np.arange(max(1, len(cells.codes) // n_samples))
        scored[-1].append(score_held_out(scorers[-1], measured.rows(first), rng))
    return scored


def _draw_cells(n_cells: int, n_samples: int, rng: np.random.Generator) -> Codes:
    """Return the positions of the held-out cells that one of several samples measures, in random order."""
    n = max(MIN_MEASURED_CELLS, n_cells // n_samples)
    drawn: Codes = rng.permutation(np.tile(np.arange(n_cells), -(-n // n_cells)))[:n]
    return drawn
