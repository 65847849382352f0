"""Call cells in blocks (:class:`Predictor`) and join the results."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.calls.class_probabilities import class_probabilities, fit_probability
from spatialcore.annotation.calls.confidence import transform_confidence
from spatialcore.annotation.calls.levels import ClassTree, lower_path
from spatialcore.annotation.choices import ConfidenceMethod
from spatialcore.annotation.expression.data import is_dask
from spatialcore.annotation.expression.errors import require_expression
from spatialcore.annotation.model.artifact import CellTypingModel
from spatialcore.annotation.model.calibration import Calibration
from spatialcore.annotation.model.linear import winners
from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.query import Expression, GeneMatch, pick
from spatialcore.annotation.unknown.unseen import NO_GROUP, ClusterEvidence
from spatialcore.core.blocks import as_csr
from spatialcore.core.compressed import view_rows
from spatialcore.core.counts import recover_counts
from spatialcore.core.normalization import TARGET_SUM, log1p_normalize, row_totals
from spatialcore.core.progress import progress_bar
from spatialcore.core.types import Codes, Floats
from spatialcore.errors import ModelError

NO_CALL = -1
SIBLING_POWER = 2.0  # of the other classes' probabilities: what the best class lacks is mostly its siblings'
CELLS_AT_ONCE = 5_000  # their scores are still in the processor's cache when the confidence reads them


@dataclass(frozen=True)
class Prediction:
    """Calls of consecutive cells.

    Parameters
    ----------
    best
        Index of each cell's best class; -1 for a cell without counts.
    confidence, probability
        The chosen confidence, and CellTypist's probability of the best class; 0 for a cell without counts.
    group
        Of cells of one cluster and best class, whose suspicion lowers the confidence last, see
        :mod:`spatialcore.annotation.unknown.suspicion`; -1 for none.
    path
        Confidence in the best class and in each term above it, cells x path of the tree; no columns without a tree.
    scores
        Decision scores, cells x classes; no columns if scores are not stored.
    """

    best: Codes
    confidence: Floats
    probability: Floats
    group: npt.NDArray[np.int32]
    path: Floats
    scores: Floats

    def with_confidence(self, confidence: Floats, *, with_terms: bool = True) -> "Prediction":
        """Return the calls with another confidence; their path, which is large, is changed in place.

        Parameters
        ----------
        confidence
            In the best class of each cell.
        with_terms
            Also change the confidence in the terms above the class, see :func:`lower_path`.
        """
        if with_terms:
            lower_path(self.path, self.confidence, confidence)
        else:
            self.path[:, :1] = confidence[:, None]
        return replace(self, confidence=confidence)


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
    tree
        The terms above the classes; ``None``: only the confidence in the classes is computed.
    clusters
        Evidence from the clusters of the query; ``None``: each cell is assessed separately.
    """

    scorer: Scorer
    kind: str
    fold: sparse.csr_matrix | None
    as_stored: bool
    method: ConfidenceMethod
    calibration: Calibration | None
    keep_scores: bool
    tree: ClassTree | None = None
    clusters: ClusterEvidence | None = None

    @classmethod
    def build(
        cls,
        model: CellTypingModel,
        kind: str,
        genes: GeneMatch,
        method: ConfidenceMethod,
        *,
        keep_scores: bool,
        tree: ClassTree | None = None,
        clusters: ClusterEvidence | None = None,
    ) -> "Predictor":
        """Fold a model over the genes it shares with a query."""
        if method == "calibrated" and (model.calibration is None or model.auxiliary is None or model.profiles is None):
            raise ModelError(
                "this model has no calibration: it was not trained with trainer='logistic'",
                hint="choose confidence_transform='zscore', or train with train_celltypist_model(trainer='logistic')",
            )
        calibrated = method == "calibrated"
        shared = genes.model if len(genes.model) < len(model.genes) else None
        scorer = Scorer.build(
            model.linear,
            model.target_sum,
            model.auxiliary if calibrated else None,
            model.profiles if calibrated else None,
            shared,
            with_pair_gain=model.calibration is not None and model.calibration.pair_gain_slope is not None,
        )
        as_stored = kind == "log1p" and genes.complete and model.target_sum == TARGET_SUM
        return cls(scorer, kind, genes.fold, as_stored, method, model.calibration, keep_scores, tree, clusters)

    def __call__(self, stored: sparse.csr_matrix) -> Prediction:
        """Call the cells of a block of stored values."""
        require_expression(stored.data, "a block of cells")
        counts = self._counts(stored)
        scores = self.scorer.linear.scores(self.log_values(stored, counts))
        best, probability = winners(scores)
        confidence, deviance, group = self._confidence(counts, scores, best)
        path = self._path(scores, best, confidence, deviance)
        empty = np.diff(counts.indptr) == 0
        if empty.any():
            best, path[empty] = np.where(empty, NO_CALL, best), 0.0
            group = np.where(empty, np.int32(NO_GROUP), group)
            confidence, probability = np.where(empty, 0.0, confidence), np.where(empty, 0.0, probability)
        stored_scores = scores if self.keep_scores else scores[:, :0].copy()
        return Prediction(best.astype(np.int32), confidence, probability, group, path, stored_scores)

    def log_values(self, stored: sparse.csr_matrix, counts: sparse.csr_matrix | None = None) -> sparse.csr_matrix:
        """Return what the linear model reads of a block of stored values: log1p at its total, cells x genes."""
        if self.as_stored:
            return stored
        return log1p_normalize(self._counts(stored) if counts is None else counts, self.scorer.target_sum)

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
        self, counts: sparse.csr_matrix, scores: Floats, best: Codes
    ) -> tuple[Floats, Floats | None, npt.NDArray[np.int32]]:
        """Return confidence, deviance from the class profile where the calibration uses it, and group."""
        none = np.full(len(best), NO_GROUP, np.int32)
        if self.method != "calibrated" or self.calibration is None:
            return transform_confidence(scores, self.method), self._deviance(counts, best), none
        auxiliary = self.scorer.auxiliary_scores(counts)
        evidence = self.scorer.evidence(counts, scores, auxiliary, best, self.calibration.temperature)
        confidence = self.calibration.probability(evidence)
        if self.clusters is None:
            return confidence, evidence.deviance, none
        adjusted, group = self.clusters.adjusted(confidence, counts, best)
        return adjusted, evidence.deviance, group.astype(np.int32)

    def _deviance(self, counts: sparse.csr_matrix, best: Codes) -> Floats | None:
        if self.tree is None or self.calibration is None or self.scorer.test is None:
            return None
        return self.scorer.test.deviance(counts, row_totals(counts), best)

    def _path(self, scores: Floats, best: Codes, confidence: Floats, deviance: Floats | None) -> Floats:
        """Return the confidence in the terms above the best class; cells that fit no class have little in any."""
        if self.tree is None:
            return np.empty((len(best), 0))
        temperature, fit = 1.0, np.ones(len(best))
        if self.calibration is not None:
            temperature = self.calibration.temperature
            if deviance is not None:
                fit = fit_probability((deviance - self.calibration.deviance_center) / self.calibration.deviance_scale)
        if self.clusters is not None:
            fit = np.minimum(fit, self.clusters.highest)
        shares = class_probabilities(scores, best, confidence, temperature=temperature / SIBLING_POWER, fit=fit)
        return self.tree.path_confidence(shares, best)


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


class PredictionBuffer:
    """Arrays for all cells, filled block by block, so that no block is held twice."""

    def __init__(self, n: int) -> None:
        self.best = np.full(n, NO_CALL, np.int32)
        self.confidence, self.probability = np.zeros(n), np.zeros(n)
        self.group = np.full(n, NO_GROUP, np.int32)
        self.scores: Floats = np.empty((n, 0))
        self.path: Floats = np.empty((n, 0))

    def put(self, first: int, part: Prediction) -> None:
        """Write the calls of the cells from position `first` on."""
        rows = slice(first, first + len(part.best))
        if first == 0:
            self.scores = np.empty((len(self.best), part.scores.shape[1]))
            self.path = np.empty((len(self.best), part.path.shape[1]))
        self.best[rows], self.confidence[rows], self.probability[rows] = part.best, part.confidence, part.probability
        self.group[rows], self.scores[rows], self.path[rows] = part.group, part.scores, part.path

    def whole(self) -> Prediction:
        """Return the result."""
        return Prediction(self.best, self.confidence, self.probability, self.group, self.path, self.scores)


def join(parts: Iterable[Prediction]) -> Prediction:
    """Join the calls of consecutive blocks of cells."""
    predictions = list(parts)
    names = ("best", "confidence", "probability", "group", "path", "scores")
    return Prediction(*(np.concatenate([getattr(part, name) for part in predictions]) for name in names))


def _predict_on_dask(predictor: Predictor, query: Expression) -> list[Prediction]:
    """Send the predictor to the blocks of a dask array."""
    import dask

    matrix = query.matrix.rechunk({1: -1})
    sent = dask.delayed(predictor)
    columns = query.genes.columns if len(query.genes.columns) < matrix.shape[1] else None
    work = [dask.delayed(_predict_block)(sent, block, columns) for block in matrix.to_delayed().ravel()]
    return list(dask.compute(*work))


def _predict_block(predictor: Predictor, block: Any, columns: npt.NDArray[np.intp] | None) -> Prediction:
    table = as_csr(block)
    return predictor(table if columns is None else table[:, columns])
