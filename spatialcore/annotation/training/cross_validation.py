"""Accuracy on held-out reference cells, simulated as the query's platform measures them.

Three folds of the reference: models of two, scored on the third. The same cells serve three purposes: the
calibration, the held-out figures of the model card, and the pairs of classes that the panel cannot separate.

For an imaging query with counts, the held-out cells are also mixed as the query's are (:mod:`query_shift`), and classes
are weighted half by the query's composition, half equally. Classes of few cells weigh less.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.model.calibration import Calibration, CalibrationFeatures, fit_calibration, fit_temperature
from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.training.fitting import FittedModels, TargetPlatform, fit_models
from spatialcore.annotation.training.folds import FOLDS, assign_folds, draw_per_class, most_per_class
from spatialcore.annotation.training.prevailing import Prevailing, find_prevailing
from spatialcore.annotation.training.query_shift import (
    QueryShift,
    class_weights,
    measure_shift,
    mix,
)
from spatialcore.core.progress import track
from spatialcore.core.types import Codes, Floats

UNSEEN_SHARE = 0.08
SHUFFLED_SHARE = 0.05
FEWEST_MEASURED = 1_000  # per fold: cells of a small reference are measured several times
MOST_REPEATS = 10


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
class _Scored:
    """One set of scored cells: a fold's held-out cells or decoys."""

    truth: Codes
    best: Codes
    scores: Floats
    second: Floats
    counts: sparse.csr_matrix
    scorer: Scorer
    drawn: npt.NDArray[np.bool_]

    def weighing(self, prior: Floats) -> "_Scored":
        """Return the same cells with something added to the score of each class."""
        scores = self.scores + prior
        return replace(self, scores=scores, best=scores.argmax(axis=1))

    def evidence(self, temperature: float) -> CalibrationFeatures:
        return self.scorer.evidence(self.counts, self.scores, self.second, self.best, temperature)


@dataclass(frozen=True)
class HeldOut:
    """The held-out cells of a fold, the same as decoys whose class is hidden, and with shuffled genes."""

    cells: _Scored
    unseen: _Scored | None
    shuffled: _Scored

    def weighing(self, prior: Floats) -> "HeldOut":
        """Return the same cells with something added to the score of each class."""
        unseen = None if self.unseen is None else self.unseen.weighing(prior)
        return HeldOut(self.cells.weighing(prior), unseen, self.shuffled.weighing(prior))


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
    prevailing
        What the calls weigh where one class prevails in the query.
    """

    result: CrossValidationResult
    calibration: Calibration
    models: FittedModels | None
    shift: QueryShift | None
    prevailing: Prevailing | None = None


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
        Sources and donors of the cells, see :func:`~spatialcore.annotation.training.folds.find_groups`.
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
    folds = assign_folds(codes, rng, [group[rows] for group in groups])
    scored: list[HeldOut] = []
    models: FittedModels | None = None
    shifts: list[QueryShift] = []
    for fold in track(range(FOLDS), "cross-validation"):
        inside, outside = folds != fold, folds == fold
        if not outside.any():
            continue
        models = fit_models(counts[inside], codes[inside], n_classes, target, rng)
        scorer = Scorer.build(
            models.primary, models.target_sum, models.auxiliary, models.profiles, with_pair_gain=query is not None
        )
        rows, share = np.flatnonzero(outside), 0.0
        if query is not None:
            rows = np.tile(rows, min(MOST_REPEATS, max(1, FEWEST_MEASURED // len(rows))))
            shifts.append(measure_shift(models, counts[rows], query, target, rng))
            share = shifts[-1].mixing
        simulated = mix(target.simulate(counts[rows], rng), models.profiles, share, rng)
        scored.append(score_held_out(scorer, simulated, codes[rows], from_profile[rows], n_classes, rng))
    shift = QueryShift.mean(shifts) if shifts else None
    weights = class_weights(np.bincount(codes, minlength=n_classes), shift)
    result, calibration = calibrate(scored, weights)
    if sample is None or models is None:
        return CrossValidation(result, calibration, models, shift)
    prevailing = find_prevailing(models, sample, calibration.temperature)
    if prevailing is not None:
        weighed = [part.weighing(prevailing.score) for part in scored]
        result, calibration = calibrate(weighed, prevailing.class_weights(weights))
    return CrossValidation(result, calibration, models, shift, prevailing)


def score_held_out(
    scorer: Scorer,
    simulated: sparse.csr_matrix,
    codes: Codes,
    drawn: npt.NDArray[np.bool_],
    n_classes: int,
    rng: np.random.Generator,
) -> HeldOut:
    """Score held-out cells as the platform measures them, and decoys made of them."""
    filled = np.diff(simulated.indptr) > 0
    simulated, truth = simulated[filled], codes[filled]
    cells = _score(scorer, simulated, truth, drawn[filled])
    shuffled = _score(scorer, shuffle_genes(simulated, rng), np.full(len(truth), -1), cells.drawn)
    return HeldOut(cells, _hide_true_class(cells) if n_classes > 2 else None, shuffled)


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


def _score(scorer: Scorer, counts: sparse.csr_matrix, truth: Codes, drawn: npt.NDArray[np.bool_]) -> _Scored:
    scores = scorer.scores(counts)
    return _Scored(truth, scores.argmax(axis=1), scores, scorer.second_scores(counts), counts, scorer, drawn)


def _hide_true_class(cells: _Scored) -> _Scored:
    """Return the cells as decoys: scores of a model that does not have their class."""
    index = np.arange(len(cells.truth))
    scores, second = cells.scores.copy(), cells.second.copy()
    scores[index, cells.truth] = -np.inf
    second[index, cells.truth] = -np.inf
    return _Scored(cells.truth, scores.argmax(axis=1), scores, second, cells.counts, cells.scorer, cells.drawn)


def shuffle_genes(counts: sparse.csr_matrix, rng: np.random.Generator) -> sparse.csr_matrix:
    """Return the cells with the counts of each cell assigned to random genes, so that only the depth is realistic."""
    genes = counts.shape[1]
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    order = _order_within(rng.random(counts.nnz), counts.indptr.tolist())  # values permuted within the row
    offset = rng.integers(0, genes, size=counts.shape[0])
    permutation = rng.permutation(genes)
    columns = permutation[(counts.indices + offset[rows]) % genes]
    shuffled = sparse.csr_matrix((counts.data[order], columns, counts.indptr.copy()), shape=counts.shape)
    shuffled.sort_indices()
    return shuffled


def _order_within(keys: Floats, edges: list[int]) -> Codes:
    """Return the positions that sort each part of the keys; in parts, sorting takes a fifth of the time."""
    order = np.empty(len(keys), np.intp)
    for first, last in itertools.pairwise(edges):
        order[first:last] = keys[first:last].argsort()
        order[first:last] += first
    return order


def _join(parts: list[CalibrationFeatures]) -> CalibrationFeatures:
    names = ("margins", "totals", "deviance", "second", "best")
    joined = CalibrationFeatures(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    gains = [part.pair_gain for part in parts if part.pair_gain is not None]
    return replace(joined, pair_gain=np.concatenate(gains)) if gains else joined
