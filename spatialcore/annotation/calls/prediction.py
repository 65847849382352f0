"""From blocks of cells to calls: what is done to one block, and how blocks become one result."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.calls.confidence import transform_confidence
from spatialcore.annotation.calls.resolution import Resolution, as_one_class
from spatialcore.annotation.choices import ConfidenceMethod
from spatialcore.annotation.expression import is_dask, require_expression
from spatialcore.annotation.model.artifact import CellTypingModel
from spatialcore.annotation.model.calibration import Calibration
from spatialcore.annotation.model.linear import winners
from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.query import Expression, GeneMatch, pick, view_rows
from spatialcore.core.counts import recover_counts
from spatialcore.core.normalization import TARGET_SUM
from spatialcore.core.progress import progress_bar
from spatialcore.core.types import Codes, Floats
from spatialcore.errors import ModelError

NO_CALL = -1
CELLS_AT_ONCE = 10_000  # their scores are still in the processor's cache when the confidence reads them


@dataclass(frozen=True)
class Prediction:
    """Calls of a run of cells.

    Parameters
    ----------
    best
        Index of each cell's best class; -1 for a cell without counts.
    confidence, probability
        The chosen confidence, and CellTypist's probability of the best class; 0 for a cell without counts.
    ancestor
        Which name of the resolution the call gets in place of its class; -1 where it keeps it.
    scores
        Decision scores, cells x classes; no columns where they were not asked for.
    """

    best: Codes
    confidence: Floats
    probability: Floats
    ancestor: Codes
    scores: Floats


@dataclass(frozen=True)
class Predictor:
    """A model on the genes of a query: stored values of a block in, calls out. It can be sent to another machine.

    Parameters
    ----------
    kind
        What the values are, see :class:`~spatialcore.annotation.query.Expression`.
    fold
        How features become genes.
    as_stored
        The values are already what the model reads.
    resolution
        Names for pairs of classes that cannot be told apart; ``None`` leaves every call its class.
    """

    scorer: Scorer
    kind: str
    fold: sparse.csr_matrix | None
    as_stored: bool
    method: ConfidenceMethod
    calibration: Calibration | None
    keep_scores: bool
    resolution: Resolution | None = None

    @classmethod
    def build(
        cls,
        model: CellTypingModel,
        kind: str,
        genes: GeneMatch,
        method: ConfidenceMethod,
        *,
        keep_scores: bool,
        resolution: Resolution | None = None,
    ) -> "Predictor":
        """Fold a model over the genes it shares with a query."""
        if method == "calibrated" and (model.calibration is None or model.second is None or model.profiles is None):
            raise ModelError(
                "this model has no calibration: it was not trained with trainer='logistic'",
                hint="choose confidence_transform='zscore', or train with train_celltypist_model(trainer='logistic')",
            )
        calibrated = method == "calibrated"
        shared = genes.model if len(genes.model) < len(model.genes) else None
        scorer = Scorer.build(
            model.linear,
            model.target_sum,
            model.second if calibrated else None,
            model.profiles if calibrated else None,
            shared,
        )
        as_stored = kind == "log1p" and genes.complete and model.target_sum == TARGET_SUM
        return cls(scorer, kind, genes.fold, as_stored, method, model.calibration, keep_scores, resolution)

    def __call__(self, stored: sparse.csr_matrix) -> Prediction:
        """Call the cells of a block of stored values."""
        require_expression(stored.data, "a block of cells")
        counts = self._counts(stored)
        scores = self.scorer.kernel.scores(stored) if self.as_stored else self.scorer.scores(counts)
        best, probability = winners(scores)
        ancestor = np.full(len(best), NO_CALL, np.int32)
        runner_up = None
        if self.resolution is not None:
            temperature = self.calibration.temperature if self.calibration else 1.0
            ancestor, runner_up = self.resolution.merge(scores, best, temperature)
        confidence = self._confidence(counts, scores, best, ancestor >= 0, runner_up)
        empty = np.diff(counts.indptr) == 0
        if empty.any():
            best, ancestor = np.where(empty, NO_CALL, best), np.where(empty, NO_CALL, ancestor)
            confidence, probability = np.where(empty, 0.0, confidence), np.where(empty, 0.0, probability)
        kept = scores if self.keep_scores else scores[:, :0].copy()
        return Prediction(best.astype(np.int32), confidence, probability, ancestor, kept)

    def _counts(self, stored: sparse.csr_matrix) -> sparse.csr_matrix:
        """Return counts, or where only proportions are needed anything proportional to them."""
        if self.kind == "counts" or (self.as_stored and self.calibration is None):
            return pick(stored, self.fold)
        if self.kind == "recoverable" or self.method == "calibrated":
            return pick(recover_counts(stored)[0], self.fold)
        shares = sparse.csr_matrix(
            (np.expm1(stored.data.astype(np.float64)), stored.indices, stored.indptr), stored.shape
        )
        return pick(shares, self.fold)

    def _confidence(
        self,
        counts: sparse.csr_matrix,
        scores: Floats,
        best: npt.NDArray[np.intp],
        merged: npt.NDArray[np.bool_],
        runner_up: npt.NDArray[np.intp] | None,
    ) -> Floats:
        """Return the confidence; calibrated, that of a merged call is the confidence that it is one of the two."""
        if self.method != "calibrated" or self.calibration is None:
            return transform_confidence(scores, self.method)
        second, temperature = self.scorer.second_scores(counts), self.calibration.temperature
        if runner_up is not None:
            scores = as_one_class(scores, best, runner_up, merged, temperature)
            second = as_one_class(second, best, runner_up, merged, 1.0)
        evidence = self.scorer.evidence(counts, scores, second, best, temperature)
        return self.calibration.probability(evidence)


def predict(predictor: Predictor, query: Expression, rows: int | None = None) -> Prediction:
    """Call all cells of a query, block by block; blocks of a dask array are called where dask runs them."""
    if is_dask(query.matrix):
        return join(_predict_on_dask(predictor, query))
    results = PredictionBuffer(query.n_obs)
    with progress_bar("calling cells", query.n_obs, "cells", scale=True) as advance:
        for first, last in query.spans(rows):
            stored = query.stored(first, last)
            for begin in range(0, last - first, CELLS_AT_ONCE):
                part = view_rows(stored, begin, min(begin + CELLS_AT_ONCE, last - first))
                results.put(first + begin, predictor(part))
                advance(part.shape[0])
    return results.whole()


def _nowhere(n: int) -> Codes:
    """Return n times -1, held once: most runs give no cell an ancestor."""
    return np.broadcast_to(np.int32(NO_CALL), n)


class PredictionBuffer:
    """Arrays for all cells, filled block by block, so that no block is held twice."""

    def __init__(self, n: int) -> None:
        self.best, self.ancestor = np.full(n, NO_CALL, np.int32), _nowhere(n)
        self.confidence, self.probability = np.zeros(n), np.zeros(n)
        self.scores: Floats | None = None

    def put(self, first: int, part: Prediction) -> None:
        """Write one block's calls at their place."""
        rows = slice(first, first + len(part.best))
        if self.scores is None:
            self.scores = np.empty((len(self.best), part.scores.shape[1]))
        self.best[rows], self.confidence[rows], self.probability[rows] = part.best, part.confidence, part.probability
        self.scores[rows] = part.scores
        if (part.ancestor != NO_CALL).any():
            self.ancestor = self.ancestor if self.ancestor.flags.writeable else self.ancestor.copy()
            self.ancestor[rows] = part.ancestor

    def whole(self) -> Prediction:
        """Return the result."""
        scores = np.empty((len(self.best), 0)) if self.scores is None else self.scores
        return Prediction(self.best, self.confidence, self.probability, self.ancestor, scores)


def join(parts: Iterable[Prediction]) -> Prediction:
    """Put the calls of consecutive runs of cells together."""
    held = list(parts)
    names = ("best", "confidence", "probability", "ancestor", "scores")
    return Prediction(*(np.concatenate([getattr(part, name) for part in held]) for name in names))


def _predict_on_dask(predictor: Predictor, query: Expression) -> list[Prediction]:
    """Send the predictor to the blocks of a dask array."""
    import dask

    matrix = query.matrix.rechunk({1: -1})
    sent = dask.delayed(predictor)
    columns = query.genes.columns if len(query.genes.columns) < matrix.shape[1] else None
    work = [dask.delayed(_predict_block)(sent, block, columns) for block in matrix.to_delayed().ravel()]
    return list(dask.compute(*work))


def _predict_block(predictor: Predictor, block: Any, columns: npt.NDArray[np.intp] | None) -> Prediction:
    table = sparse.csr_matrix(block)
    return predictor(table if columns is None else table[:, columns])
