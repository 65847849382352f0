"""Held-out reference cells and decoys made of them, as models score them."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.model.calibration import CalibrationFeatures
from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.core.types import Codes, Floats


@dataclass(frozen=True)
class ScoredCells:
    """One set of scored cells: a fold's held-out cells or decoys."""

    truth: Codes
    best: Codes
    scores: Floats
    auxiliary: Floats
    counts: sparse.csr_matrix
    scorer: Scorer
    drawn: npt.NDArray[np.bool_]

    def weighing(self, prior: Floats) -> "ScoredCells":
        """Return the same cells with something added to the score of each class."""
        scores = self.scores + prior
        return replace(self, scores=scores, best=scores.argmax(axis=1))

    def scored_by(self, scorer: Scorer) -> "ScoredCells":
        """Return the same cells with the scores of another primary model."""
        return self.weighing(np.where(np.isinf(self.scores), 0.0, scorer.scores(self.counts) - self.scores))

    def evidence(self, temperature: float) -> CalibrationFeatures:
        return self.scorer.evidence(self.counts, self.scores, self.auxiliary, self.best, temperature)


@dataclass(frozen=True)
class HeldOut:
    """The held-out cells of a fold, the same as decoys whose class is hidden, and with shuffled genes."""

    cells: ScoredCells
    unseen: ScoredCells | None
    shuffled: ScoredCells

    def weighing(self, prior: Floats) -> "HeldOut":
        """Return the same cells with something added to the score of each class."""
        unseen = None if self.unseen is None else self.unseen.weighing(prior)
        return HeldOut(self.cells.weighing(prior), unseen, self.shuffled.weighing(prior))

    def scored_by(self, scorer: Scorer) -> "HeldOut":
        """Return the same cells with the scores of another primary model."""
        unseen = None if self.unseen is None else self.unseen.scored_by(scorer)
        return HeldOut(self.cells.scored_by(scorer), unseen, self.shuffled.scored_by(scorer))


def score_held_out(scorer: Scorer, measured: LabelledCounts, rng: np.random.Generator) -> HeldOut:
    """Score held-out cells as the platform measures them, and decoys made of them.

    Parameters
    ----------
    scorer
        Of models that were fitted without these cells.
    measured
        The held-out cells with counts as the platform measures them; cells without counts are left out.
    """
    measured = measured.rows(np.diff(measured.counts.indptr) > 0)
    cells = _score(scorer, measured)
    decoys = replace(measured, counts=shuffle_genes(measured.counts, rng), codes=np.full(len(measured.codes), -1))
    return HeldOut(cells, _hide_true_class(cells) if measured.n_classes > 2 else None, _score(scorer, decoys))


def _score(scorer: Scorer, cells: LabelledCounts) -> ScoredCells:
    scores, auxiliary = scorer.scores(cells.counts), scorer.auxiliary_scores(cells.counts)
    return ScoredCells(cells.codes, scores.argmax(axis=1), scores, auxiliary, cells.counts, scorer, cells.drawn)


def _hide_true_class(cells: ScoredCells) -> ScoredCells:
    """Return the cells as decoys: scores of a model that does not have their class."""
    index = np.arange(len(cells.truth))
    scores, auxiliary = cells.scores.copy(), cells.auxiliary.copy()
    scores[index, cells.truth] = -np.inf
    auxiliary[index, cells.truth] = -np.inf
    return ScoredCells(cells.truth, scores.argmax(axis=1), scores, auxiliary, cells.counts, cells.scorer, cells.drawn)


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
