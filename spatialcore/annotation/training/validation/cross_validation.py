"""Accuracy on held-out reference cells, simulated as the query's platform measures them.

Three folds of the reference: models of two, scored on the third. The same cells serve three purposes: the
calibration, the held-out figures of the model card, and the pairs of classes that the panel cannot separate.

For an imaging query with counts, the held-out cells are also mixed as the query's are
(:mod:`~spatialcore.annotation.training.validation.query_shift`), and classes are weighted half by the query's
composition, half equally. Classes of few cells weigh less.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.model.calibration import Calibration, CalibrationFeatures, fit_calibration, fit_temperature
from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.training.fitting import FittedModels, fit_models, fit_primary
from spatialcore.annotation.training.platform.estimate import class_profiles
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.prevailing import (
    Prevailing,
    Thinned,
    find_prevailing,
    may_prevail,
    thinned_weight,
)
from spatialcore.annotation.training.profile_vote import HELD_OUT_VOTE
from spatialcore.annotation.training.validation.folds import FOLDS, assign_folds, draw_per_class, most_per_class
from spatialcore.annotation.training.validation.held_out import HeldOut, score_held_out
from spatialcore.annotation.training.validation.query_shift import QueryShift, class_weights, measure_shift, mix
from spatialcore.core.progress import track
from spatialcore.core.types import Codes, Floats

UNSEEN_SHARE = 0.08
SHUFFLED_SHARE = 0.05
MIN_MEASURED_CELLS = 1_000  # per fold: cells of a small reference are measured several times
MAX_REPEATS = 10


@dataclass(frozen=True)
class CrossValidationResult:
    """Held-out cells: the truth, the best class, the confidence, and whether the cell was drawn from a profile."""

    truth: Codes
    best: Codes
    confidence: Floats
    n_classes: int
    drawn: npt.NDArray[np.bool_]

    def measured(self) -> "CrossValidationResult":
        """Return the real cells alone, or all where every cell was drawn from a profile."""
        real = ~self.drawn
        if not real.any() or real.all():
            return self
        return CrossValidationResult(
            self.truth[real], self.best[real], self.confidence[real], self.n_classes, self.drawn[real]
        )

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether each call is right."""
        right: npt.NDArray[np.bool_] = self.best == self.truth
        return right

    def reliability(self, n_bins: int = 10) -> list[dict[str, float]]:
        """Return, per bin of the confidence that holds cells: its bounds, cells, mean confidence, share right."""
        bins = np.minimum((self.confidence * n_bins).astype(np.intp), n_bins - 1)
        return [
            {
                "low": k / n_bins,
                "high": (k + 1) / n_bins,
                "n_cells": int((bins == k).sum()),
                "confidence": float(self.confidence[bins == k].mean()),
                "accuracy": float(self.right[bins == k].mean()),
            }
            for k in range(n_bins)
            if (bins == k).any()
        ]

    def confusion(self) -> npt.NDArray[np.intp]:
        """Return counts of cells, truth x call."""
        table = np.zeros((self.n_classes, self.n_classes), dtype=np.intp)
        np.add.at(table, (self.truth, self.best), 1)
        return table


@dataclass(frozen=True)
class CrossValidation:
    """Held-out cells, the calibration fitted on them and the models of the last fold.

    Parameters
    ----------
    result, calibration
        The held-out cells, and the calibration fitted on them.
    models
        Of the last fold; the fit on all cells starts from them.
    shift
        What was estimated from the query; ``None`` without a query.
    prevailing, thinned
        What the calls weigh where one class prevails in the query, and the thinned model of the last fold.
    """

    result: CrossValidationResult
    calibration: Calibration
    models: FittedModels
    shift: QueryShift | None
    prevailing: Prevailing | None = None
    thinned: Thinned | None = None


def cross_validate(
    counts: sparse.csr_matrix,
    codes: Codes,
    n_classes: int,
    target: TargetPlatform,
    rng: np.random.Generator,
    *,
    groups: Sequence[Codes] = (),
    query: sparse.csr_matrix | None = None,
    sample: sparse.csr_matrix | None = None,
    drawn: npt.NDArray[np.bool_] | None = None,
) -> CrossValidation:
    """Score each cell of a balanced draw by a model fitted without it, and fit the calibration on the scores.

    Parameters
    ----------
    groups
        Sources and donors of the cells, see :func:`~spatialcore.annotation.training.validation.folds.find_groups`.
    query
        Counts of cells of an imaging query on the same genes, to mix the held-out cells as they are mixed.
    sample
        Counts of cells of any query, to see whether one class prevails in it.
    drawn
        Which cells were drawn from a profile; the held-out scores are computed on the others, if there are any.
    """
    rows = draw_per_class(codes, most_per_class(n_classes), rng)
    counts, codes = counts[rows], codes[rows]
    from_profile = np.zeros(len(codes), dtype=bool) if drawn is None else drawn[rows]
    assigned = assign_folds(codes, rng, [group[rows] for group in groups])
    folds: list[_Fold] = []
    shifts: list[QueryShift] = []
    for number in track(range(FOLDS), "cross-validation"):
        inside, outside = assigned != number, np.flatnonzero(assigned == number)
        if not len(outside):
            continue
        models = fit_models(counts[inside], codes[inside], n_classes, target, rng, query_vote=HELD_OUT_VOTE)
        share = 0.0
        if query is not None:
            outside = np.tile(outside, min(MAX_REPEATS, max(1, MIN_MEASURED_CELLS // len(outside))))
            shifts.append(measure_shift(models, counts[outside], query, target, rng))
            share = shifts[-1].mixing
        simulated = mix(target.simulate(counts[outside], rng), models.profiles, share, rng)
        scorer = models.scorer(with_pair_gain=query is not None)
        scored = score_held_out(scorer, simulated, codes[outside], from_profile[outside], n_classes, rng)
        folds.append(_Fold(counts[inside], codes[inside], models, scored))
    shift = QueryShift.mean(shifts) if shifts else None
    weights = class_weights(np.bincount(codes, minlength=n_classes), shift)
    return _calibrated(folds, shift, weights, target, sample, rng)


@dataclass(frozen=True)
class _Fold:
    """The cells that models were fitted on, and the held-out cells that these scored."""

    counts: sparse.csr_matrix
    codes: Codes
    models: FittedModels
    held_out: HeldOut

    @cached_property
    def profiles(self) -> Floats:
        """Class profiles of these cells, without the gene efficiencies of the query."""
        return class_profiles(self.counts, self.codes, len(self.models.profiles))

    def thinned(self, depths: Floats, rng: np.random.Generator) -> Standardized:
        """Fit a primary model on the same cells at the depths of the query, without its gene efficiencies."""
        plain = TargetPlatform(depths=depths)
        return fit_primary(self.counts, self.codes, len(self.models.profiles), plain, rng, self.models.fitted)

    def blended(self, thinned: Thinned, target: TargetPlatform) -> "_Fold":
        """Return the fold with a primary model that is the average with a thinned one."""
        fitted = thinned.blended_with(self.models.fitted)
        voting = thinned.blended_profiles(self.models.profiles, self.profiles)
        models = replace(self.models, primary=target.voted(fitted, voting, HELD_OUT_VOTE))
        return replace(self, models=models, held_out=self.held_out.scored_by(models.scorer()))


def _calibrated(
    folds: list[_Fold],
    shift: QueryShift | None,
    weights: Floats,
    target: TargetPlatform,
    sample: sparse.csr_matrix | None,
    rng: np.random.Generator,
) -> CrossValidation:
    """Fit the calibration; if one class prevails in the sample of the query, for models that take this into account."""
    result, calibration = calibrate([fold.held_out for fold in folds], weights)
    if sample is None:
        return CrossValidation(result, calibration, folds[-1].models, shift)
    temperature = calibration.temperature  # a thinned model has a larger one, on cells of the platform
    thinned = _thin(folds, target, sample, temperature, rng)
    if thinned:
        folds = [fold.blended(one, target) for fold, one in zip(folds, thinned, strict=True)]
        result, calibration = calibrate([fold.held_out for fold in folds], weights)
    prevailing = find_prevailing(folds[-1].models.class_shares(sample, temperature), temperature)
    if prevailing is not None:
        weighed = [fold.held_out.weighing(prevailing.score) for fold in folds]
        result, calibration = calibrate(weighed, prevailing.class_weights(weights))
    return CrossValidation(result, calibration, folds[-1].models, shift, prevailing, thinned[-1] if thinned else None)


def _thin(
    folds: list[_Fold],
    target: TargetPlatform,
    sample: sparse.csr_matrix,
    temperature: float,
    rng: np.random.Generator,
) -> list[Thinned]:
    """Return a thinned model for each fold; none if no class prevails in the sample of the query."""
    *others, last = folds
    depths = target.platform.depths if target.platform else np.zeros(0)
    if not len(depths) or not may_prevail(last.models.class_shares(sample, temperature)):
        return []
    thinned = last.thinned(depths, rng)
    voted = target.voted(thinned, last.profiles, HELD_OUT_VOTE)
    weight = thinned_weight(replace(last.models, primary=voted).class_shares(sample, temperature))
    if weight == 0:
        return []
    return [Thinned(fold.thinned(depths, rng), weight) for fold in others] + [Thinned(thinned, weight)]


def calibrate(scored: Sequence[HeldOut], class_weights: Floats) -> tuple[CrossValidationResult, Calibration]:
    """Fit the calibration on the held-out cells of several folds.

    Parameters
    ----------
    scored
        Of each fold.
    class_weights
        The weight of each class.
    """
    cells, shuffled = [part.cells for part in scored], [part.shuffled for part in scored]
    unseen = [part.unseen for part in scored if part.unseen is not None]
    n_classes = len(class_weights)
    truth, best = (np.concatenate([getattr(part, name) for part in cells]) for name in ("truth", "best"))
    scores = np.concatenate([part.scores for part in cells])
    weights = class_weights[truth] / np.bincount(truth, minlength=n_classes)[truth]
    temperature = fit_temperature(scores, truth, weights / weights.sum())
    parts = [(cells, weights / weights.sum(), 1.0)]
    for decoys, share in ((unseen, UNSEEN_SHARE), (shuffled, SHUFFLED_SHARE)):
        if decoys:
            parts.append((decoys, weights / weights.sum() * share, 0.0))
    evidence = [_join([part.evidence(temperature) for part in group]) for group, _, _ in parts]
    right = np.concatenate([(best == truth) if target else np.zeros(len(truth), bool) for _, _, target in parts])
    calibration = fit_calibration(_join(evidence), right, np.concatenate([w for _, w, _ in parts]), temperature)
    drawn = np.concatenate([part.drawn for part in cells])
    return CrossValidationResult(
        truth, best, calibration.probability(evidence[0]), n_classes, drawn
    ).measured(), calibration


def _join(parts: list[CalibrationFeatures]) -> CalibrationFeatures:
    names = ("margins", "totals", "deviance", "auxiliary", "best")
    joined = CalibrationFeatures(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    gains = [part.pair_gain for part in parts if part.pair_gain is not None]
    return replace(joined, pair_gain=np.concatenate(gains)) if gains else joined
