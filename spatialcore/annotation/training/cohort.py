"""Train one model for several samples, each of which measures cells in its own way.

Reference cells are simulated as each sample would measure them. The parts are standardized by themselves and fitted
together: the samples share the weights. Held-out cells are simulated for each sample, so that each gets a calibration.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.model.calibration import Calibration
from spatialcore.annotation.model.cohort import Cohort, SampleMatch, describe_unlike
from spatialcore.annotation.training.description import describe_platform
from spatialcore.annotation.training.fitting import (
    BALANCE,
    FittedModels,
    reference_cells,
    simulated_rows,
    training_cells,
)
from spatialcore.annotation.training.platform.estimate import Platform, class_profiles, estimate_platform
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.profile_vote import HELD_OUT_VOTE, QUERY_VOTE, ImagedQuery, add_votes
from spatialcore.annotation.training.solver.fit_cells import FitCells, moments
from spatialcore.annotation.training.solver.logistic import fit_logistic, fit_together
from spatialcore.annotation.training.validation.cross_validation import (
    MIN_MEASURED_CELLS,
    CrossValidationResult,
    calibrate,
)
from spatialcore.annotation.training.validation.folds import FOLDS, assign_folds, draw_per_class, most_per_class
from spatialcore.annotation.training.validation.held_out import HeldOut, score_held_out
from spatialcore.annotation.training.validation.query_shift import QueryShift, class_weights, measure_shift, mix
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


@dataclass(frozen=True)
class _Reference:
    counts: sparse.csr_matrix
    codes: Codes
    n_classes: int

    def rows(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "_Reference":
        return replace(self, counts=self.counts[rows], codes=self.codes[rows])


def train_cohort(
    counts: sparse.csr_matrix,
    codes: Codes,
    n_classes: int,
    samples: Mapping[str, sparse.csr_matrix],
    rng: np.random.Generator,
    *,
    is_imaging: Callable[[TargetPlatform], bool],
    groups: Sequence[Codes] = (),
    drawn: npt.NDArray[np.bool_] | None = None,
) -> TrainedCohort:
    """Train the models of several samples.

    Parameters
    ----------
    counts, codes, n_classes
        Reference cells x genes, and their classes.
    samples
        Counts of cells of each sample on the same genes.
    is_imaging
        Whether the samples are of an imaging platform, with counts, by the platform of all samples together.
    groups, drawn
        As in :func:`~spatialcore.annotation.training.validation.cross_validation.cross_validate`.
    """
    reference = _Reference(counts, codes, n_classes)
    shares = class_profiles(counts, codes, n_classes)
    queries = [samples[name] for name in sorted(samples)]
    pooled = sparse.vstack(queries, format="csr")
    together = estimate_platform(shares, pooled)
    platforms = [*(estimate_platform(shares, query) for query in queries), together]
    targets = [TargetPlatform(platform) for platform in platforms]
    imaging = is_imaging(targets[-1])
    if imaging:
        targets = [
            replace(target, imaged=ImagedQuery.of(query, target.target_sum))
            for target, query in zip(targets, [*queries, pooled], strict=True)
        ]
    scored, shifts, start = _cross_validate(reference, targets, queries, rng, imaging, groups, drawn)
    models = _fit(reference, targets, rng, start)
    sizes = np.minimum(np.bincount(codes, minlength=n_classes), most_per_class(n_classes))
    results = [calibrate(parts, class_weights(sizes, shift)) for parts, shift in zip(scored, shifts, strict=True)]
    matches = [
        SampleMatch(
            name,
            fitted.target_sum,
            fitted.primary.mean,
            fitted.primary.scale,
            platform.efficiency,
            platform.background,
            calibration,
            describe_platform(platform, shift.mixing if shift else None),
        )
        for name, fitted, platform, (_, calibration), shift in zip(
            sorted(samples), models, platforms, results, shifts, strict=False
        )
    ]
    reasons = describe_unlike(matches)
    cohort = Cohort(shares, tuple(replace(match, unlike=why) for match, why in zip(matches, reasons, strict=True)))
    mixing = shifts[-1].mixing if shifts[-1] is not None else None
    return TrainedCohort(models[-1], cohort, together, *results[-1], mixing)


def _fit(
    reference: _Reference,
    targets: Sequence[TargetPlatform],
    rng: np.random.Generator,
    start: Sequence[FittedModels] | None = None,
    query_vote: float = QUERY_VOTE,
) -> list[FittedModels]:
    """Fit the models of each sample, and of all together, which is the last of the targets."""
    *each, together = targets
    counts, codes, n_classes = reference.counts, reference.codes, reference.n_classes
    rows = simulated_rows(codes, rng)
    rows = np.tile(rows, max(1, -(-MIN_SIMULATED_CELLS * len(each) // len(rows))))
    part = rng.permutation(len(rows)) % len(each)
    own_profiles = [
        target.imaged.own_profiles(model.profiles, model.primary) if target.imaged else None
        for target, model in zip(each, start or [], strict=False)
    ] or [None] * len(each)
    parts = [
        training_cells(counts, codes, rows[part == s], target, rng, own_profiles[s]) for s, target in enumerate(each)
    ]
    linear = fit_together(
        [
            (FitCells.of(log1p_normalize(block, target.target_sum) for block in blocks), labels)
            for (blocks, labels), target in zip(parts, each, strict=True)
        ],
        n_classes,
        power=BALANCE,
        start=start[-1].fitted if start else None,
    )
    mean, scale = moments(log1p_normalize(block, together.target_sum) for blocks, _ in parts for block in blocks)
    linear.append(replace(linear[0], mean=mean, scale=scale))
    auxiliary = fit_logistic(reference_cells(counts), codes, n_classes, start=start[-1].auxiliary if start else None)
    shares = class_profiles(counts, codes, n_classes)
    profiles = [target.expected(shares) for target in targets]
    imaged = [target.imaged for target in each if target.imaged is not None]
    voted = add_votes(linear, imaged, profiles, query_vote) if imaged else linear
    return [
        FittedModels(primary, fitted, auxiliary, expected, target.target_sum)
        for primary, fitted, expected, target in zip(voted, linear, profiles, targets, strict=True)
    ]


def _cross_validate(
    reference: _Reference,
    targets: Sequence[TargetPlatform],
    queries: Sequence[sparse.csr_matrix],
    rng: np.random.Generator,
    imaging: bool,
    groups: Sequence[Codes],
    drawn: npt.NDArray[np.bool_] | None,
) -> tuple[list[list[HeldOut]], list[QueryShift | None], list[FittedModels]]:
    """Return, for each target, the held-out cells of each fold and the shift; and the models of the last fold."""
    n_classes = reference.n_classes
    rows = draw_per_class(reference.codes, most_per_class(n_classes), rng)
    reference = reference.rows(rows)
    from_profile = np.zeros(len(rows), dtype=bool) if drawn is None else drawn[rows]
    folds = assign_folds(reference.codes, rng, [group[rows] for group in groups])
    scored: list[list[HeldOut]] = [[] for _ in targets]
    shifts: list[QueryShift] = []
    models: list[FittedModels] = []
    for fold in track(range(FOLDS), "cross-validation"):
        inside, outside = folds != fold, np.flatnonzero(folds == fold)
        if not len(outside):
            continue
        models = _fit(reference.rows(inside), targets, rng, query_vote=HELD_OUT_VOTE)
        if imaging and not shifts:
            shifts = [
                measure_shift(model, reference.counts[outside], query, target, rng)
                for model, query, target in zip(models, queries, targets, strict=False)
            ]
        scorers = [model.scorer(with_pair_gain=imaging) for model in models]
        for s, _ in enumerate(queries):
            held_out = _some(outside, len(queries), rng)
            share = shifts[s].mixing if shifts else 0.0
            simulated = mix(targets[s].simulate(reference.counts[held_out], rng), models[s].profiles, share, rng)
            few = slice(None, max(1, len(held_out) // len(queries)))
            about = reference.codes[held_out], from_profile[held_out]
            scored[s].append(score_held_out(scorers[s], simulated, *about, n_classes, rng))
            about = about[0][few], about[1][few]
            scored[-1].append(score_held_out(scorers[-1], simulated[few], *about, n_classes, rng))
    if not shifts:
        return scored, [None] * len(targets), models
    return scored, [*shifts, QueryShift.mean(shifts)], models


def _some(rows: Codes, n_samples: int, rng: np.random.Generator) -> Codes:
    """Return the held-out cells that are measured for one of several samples, in random order."""
    n = max(MIN_MEASURED_CELLS, len(rows) // n_samples)
    chosen: Codes = rng.permutation(np.tile(rows, -(-n // len(rows))))[:n]
    return chosen
