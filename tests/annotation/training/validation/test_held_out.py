"""Held-out cells and decoys made of them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.model.scorer import Scorer
from spatialcore.annotation.training.fitting import FittedModels, fit_models
from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.validation.held_out import HeldOut, score_held_out, shuffle_genes
from spatialcore.core.normalization import log1p_normalize
from tests.annotation.conftest import simulate


def test_shuffled_cells_keep_their_depth_and_lose_their_profile(rng: np.random.Generator) -> None:
    profile = np.r_[np.full(5, 0.19), np.full(45, 0.05 / 45)]
    counts = sparse.csr_matrix(rng.multinomial(100, profile, 400).astype(np.float32))
    shuffled = shuffle_genes(counts, rng)
    np.testing.assert_array_equal(shuffled.sum(axis=1), counts.sum(axis=1))
    np.testing.assert_array_equal(np.diff(shuffled.indptr), np.diff(counts.indptr))
    assert [sorted(row.data) for row in shuffled[:20]] == [sorted(row.data) for row in counts[:20]]
    assert shuffled.mean(axis=0).max() < 4  # the five genes had 19 counts


@pytest.fixture(scope="module")
def scored() -> tuple[FittedModels, sparse.csr_matrix, np.ndarray, HeldOut]:
    rng = np.random.default_rng(3)
    counts, codes, profiles = simulate(300, 4, 40, 200, rng)
    held_out, truth, _ = simulate(80, 4, 40, 200, rng, profiles)
    held_out = sparse.vstack([held_out, sparse.csr_matrix((1, 40), dtype=np.float32)], format="csr")
    models = fit_models(LabelledCounts.of(counts, codes, 4), TargetPlatform(), rng)
    measured = LabelledCounts.of(held_out, np.append(truth, 0), 4)
    return models, held_out, truth, score_held_out(models.scorer(), measured, rng)


def test_cells_without_counts_are_left_out_and_decoys_lack_their_class(
    scored: tuple[FittedModels, sparse.csr_matrix, np.ndarray, HeldOut],
) -> None:
    models, counts, truth, held_out = scored
    assert held_out.cells.truth.tolist() == truth.tolist()
    scores = models.primary.on_genes().scores(log1p_normalize(counts[:-1], models.target_sum))
    np.testing.assert_allclose(held_out.cells.scores, scores)
    assert held_out.unseen is not None
    assert np.isinf(held_out.unseen.scores[np.arange(80), truth]).all()
    assert (held_out.unseen.best != truth).all()
    assert (held_out.shuffled.truth == -1).all()


def test_another_primary_model_scores_the_same_cells(
    scored: tuple[FittedModels, sparse.csr_matrix, np.ndarray, HeldOut],
) -> None:
    models, _, truth, held_out = scored
    other = replace(models, primary=replace(models.primary, coef=-models.primary.coef)).scorer()
    assert isinstance(other, Scorer)
    again = held_out.scored_by(other)
    np.testing.assert_allclose(again.cells.scores, other.scores(held_out.cells.counts))
    np.testing.assert_array_equal(again.cells.best, again.cells.scores.argmax(axis=1))
    assert (again.cells.best == truth).mean() < 0.2 < (held_out.cells.best == truth).mean()
    assert again.unseen is not None
    assert np.isinf(again.unseen.scores[np.arange(80), truth]).all()
    assert np.isfinite(again.unseen.scores).sum() == 3 * 80
