"""The solver, compared with scikit-learn on the same standardized and clipped features."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight

from spatialcore.annotation.training.solver import fit_cells
from spatialcore.annotation.training.solver.logistic import balanced_weights, fit_logistic
from spatialcore.core.normalization import log1p_normalize
from tests.annotation.conftest import simulate


def test_the_solver_agrees_with_scikit_learn(rng: np.random.Generator) -> None:
    counts, types, _ = simulate(400, 4, 30, 300, rng)
    X = log1p_normalize(counts, 1e4)
    result = fit_logistic(X, types, 4, C=0.01, max_iter=500)
    scaled = np.minimum((X.toarray() - result.mean) / result.scale, 10)
    oracle = LogisticRegression(C=0.01, class_weight="balanced", max_iter=2000, tol=1e-8).fit(scaled, types)
    np.testing.assert_allclose(result.coef, oracle.coef_, atol=2e-3)


def test_a_power_of_one_equals_balanced_weights_and_zero_equal_weights() -> None:
    codes = np.repeat([0, 1, 2], [3, 10, 200])
    np.testing.assert_allclose(balanced_weights(codes, 3), compute_sample_weight("balanced", codes))
    np.testing.assert_allclose(balanced_weights(codes, 3, 0.0), 1.0)
    half = balanced_weights(codes, 3, 0.5)
    assert half.mean() == pytest.approx(1.0)
    assert half[0] / half[-1] == pytest.approx((200 / 3) ** 0.5)


def test_two_classes_have_one_row(rng: np.random.Generator) -> None:
    counts, types, _ = simulate(300, 2, 20, 300, rng)
    X = log1p_normalize(counts, 1e4)
    result = fit_logistic(X, types, 2, C=0.01, max_iter=500)
    scaled = np.minimum((X.toarray() - result.mean) / result.scale, 10)
    # two rows with one penalty each equal one row of twice the strength
    oracle = LogisticRegression(C=0.02, class_weight="balanced", max_iter=2000, tol=1e-8).fit(scaled, types)
    assert result.coef.shape == (1, 20)
    np.testing.assert_allclose(result.coef, oracle.coef_, atol=2e-3)


def test_blocks_do_not_change_the_fit(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    counts, types, _ = simulate(200, 3, 15, 300, rng)
    X = log1p_normalize(counts, 1e4)
    full = fit_logistic(X, types, 3)
    monkeypatch.setattr(fit_cells, "BLOCK_CELLS", 7)
    np.testing.assert_allclose(fit_logistic(X, types, 3).coef, full.coef, atol=1e-5)
    repeated = fit_logistic(X, types, 3, start=full, max_iter=0)
    np.testing.assert_array_equal(repeated.coef, full.coef)


@pytest.mark.parametrize("classes", [2, 5, 20])
def test_the_fit_is_the_same_without_the_compiled_loops(
    classes: int, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts, types, _ = simulate(600, classes, 60, 20, rng)
    X = log1p_normalize(counts, 100)
    monkeypatch.setattr(fit_cells, "BLOCK_CELLS", 7)
    monkeypatch.setattr(fit_cells, "DENSE_LOOPS_FROM", 1.1)
    fast = fit_logistic(X, types, classes, C=0.01, max_iter=500)
    monkeypatch.setattr(fit_cells.compiled, "library", lambda: None)
    slow = fit_logistic(X, types, classes, C=0.01, max_iter=500)
    np.testing.assert_allclose(fast.coef, slow.coef, atol=2e-3)
    np.testing.assert_allclose(fast.intercept, slow.intercept, atol=2e-3)
