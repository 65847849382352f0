"""Accuracy on held-out reference cells, simulated as the query's platform measures them.

Three folds of the reference: models of two, scored on the third. The same cells serve three purposes: the
calibration, the held-out figures of the model card, and the pairs of classes that the panel cannot separate.

For an imaging query with counts, the held-out cells are also mixed as the query's are
(:mod:`~spatialcore.annotation.training.validation.query_shift`), and classes are weighted half by the query's
composition, half equally. Classes of few cells weigh less.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from spatialcore.annotation.model.calibration import Calibration
from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.training.fitting import FittedModels, fit_models, fit_primary
from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.prevailing import (
    Prevailing,
    Thinned,
    find_prevailing,
    may_prevail,
    thinned_weight,
)
from spatialcore.annotation.training.profile_vote import HELD_OUT_VOTE
from spatialcore.annotation.training.validation.calibrate import calibrate
from spatialcore.annotation.training.validation.folds import FOLDS, assign_folds, draw_per_class, most_per_class
from spatialcore.annotation.training.validation.held_out import HeldOut, score_held_out
from spatialcore.annotation.training.validation.query_shift import QueryShift, class_weights, measure_shift, mix
from spatialcore.annotation.training.validation.result import CrossValidationResult
from spatialcore.core.progress import track
from spatialcore.core.types import Floats

MIN_MEASURED_CELLS = 1_000  # per fold: cells of a small reference are measured several times
MAX_REPEATS = 10


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
    cells: LabelledCounts,
    target: TargetPlatform,
    rng: np.random.Generator,
    *,
    sample: sparse.csr_matrix | None = None,
) -> CrossValidation:
    """Score each cell of a balanced draw by a model fitted without it, and fit the calibration on the scores.

    Parameters
    ----------
    cells
        The reference cells. The held-out scores are computed on those that were not drawn from a profile, if any.
    target
        What the models are matched to. The held-out cells are mixed as the cells of an imaging query are.
    sample
        Counts of cells of any query on the same genes, to see whether one class prevails in it.
    """
    cells = cells.rows(draw_per_class(cells.codes, most_per_class(cells.n_classes), rng))
    assigned = assign_folds(cells.codes, rng, cells.groups)
    folds: list[_Fold] = []
    shifts: list[QueryShift] = []
    for number in track(range(FOLDS), "cross-validation"):
        outside = np.flatnonzero(assigned == number)
        if not len(outside):
            continue
        inside = cells.rows(assigned != number)
        models = fit_models(inside, target, rng, query_vote=HELD_OUT_VOTE)
        if target.imaged is not None:
            outside = np.tile(outside, min(MAX_REPEATS, max(1, MIN_MEASURED_CELLS // len(outside))))
        held_out = cells.rows(outside)
        if target.imaged is not None:
            shifts.append(measure_shift(models, held_out.counts, target.imaged.counts, target, rng))
        simulated = target.simulate(held_out.counts, rng)
        mixed = mix(simulated, models.profiles, shifts[-1].mixing if shifts else 0.0, rng)
        scorer = models.scorer(with_pair_gain=target.imaged is not None)
        folds.append(_Fold(inside, models, score_held_out(scorer, replace(held_out, counts=mixed), rng)))
    shift = QueryShift.mean(shifts) if shifts else None
    weights = class_weights(np.bincount(cells.codes, minlength=cells.n_classes), shift)
    return _calibrated(folds, shift, weights, target, sample, rng)


@dataclass(frozen=True)
class _Fold:
    """The cells that models were fitted on, and the held-out cells that these scored."""

    cells: LabelledCounts
    models: FittedModels
    held_out: HeldOut

    def thinned(self, depths: Floats, rng: np.random.Generator) -> Standardized:
        """Fit a primary model on the same cells at the depths of the query, without its gene efficiencies."""
        return fit_primary(self.cells, TargetPlatform(depths=depths), rng, self.models.fitted)

    def blended(self, thinned: Thinned, target: TargetPlatform) -> "_Fold":
        """Return the fold with a primary model that is the average with a thinned one."""
        fitted = thinned.blended_with(self.models.fitted)
        voting = thinned.blended_profiles(self.models.profiles, self.cells.profiles)
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
    voted = target.voted(thinned, last.cells.profiles, HELD_OUT_VOTE)
    weight = thinned_weight(replace(last.models, primary=voted).class_shares(sample, temperature))
    if weight == 0:
        return []
    return [Thinned(fold.thinned(depths, rng), weight) for fold in others] + [Thinned(thinned, weight)]
