"""Training cells in blocks: sums do not depend on the blocks."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import StandardScaler

from spatialcore.annotation.training.solver import fit_cells
from spatialcore.annotation.training.solver.fit_cells import FitCells, moments

Float32s = fit_cells.Float32s


def test_moments_are_those_of_scikit_learn(rng: np.random.Generator) -> None:
    X = rng.poisson(0.5, (50, 8)).astype(float)
    X[:, 3] = 0
    mean, scale = moments([sparse.csr_matrix(X[:13]), sparse.csr_matrix(X[13:])])
    scaler = StandardScaler().fit(X)
    np.testing.assert_allclose(mean, scaler.mean_)
    np.testing.assert_allclose(scale, scaler.scale_)
    assert scale[3] == 1


@pytest.mark.parametrize("share", [0.03, 0.2, 0.7])
@pytest.mark.parametrize("is_compiled", [True, False])
def test_the_sums_are_those_of_dense_capped_values(
    share: float, is_compiled: bool, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_compiled:
        monkeypatch.setattr(fit_cells.compiled, "library", lambda: None)
    monkeypatch.setattr(fit_cells, "BLOCK_CELLS", 60)
    monkeypatch.setattr(fit_cells, "SUMMED_BLOCKS", 2)
    X = sparse.random(
        500, 30, share, "csr", np.float32, random_state=rng, data_rvs=lambda size: rng.gamma(2, size=size)
    )
    X.data[:2] = 50  # beyond the cap
    cells = FitCells.of([X[:200], X[200:]])
    weights, offset, signs = rng.normal(size=(30, 3)), rng.normal(size=3), rng.normal(size=(500, 1))
    rows_of_calls = []

    def residual(scores: Float32s, rows: slice) -> tuple[Float32s, float]:
        rows_of_calls.append(rows)
        residuals = np.where(scores > -1e29, scores * signs[rows], 0).astype(np.float32)
        return residuals, float(residuals.sum(dtype=np.float64))

    by_gene, by_class, loss = cells.gradient(weights, offset, residual)
    mean, scale = moments([X])
    capped = np.minimum(X.toarray().astype(np.float64), 10 * scale + mean)
    expected = (capped @ weights + offset) * signs
    np.testing.assert_allclose(by_gene, capped.T @ expected, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(by_class, expected.sum(axis=0), rtol=1e-4, atol=1e-3)
    assert loss == pytest.approx(expected.sum(), abs=1e-2)
    assert cells.n_cells == rows_of_calls[-1].stop == 500
