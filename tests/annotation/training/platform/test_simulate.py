"""Reference cells are measured on a platform, and cells are drawn from profiles."""

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.training.platform.estimate import Platform
from spatialcore.annotation.training.platform.simulate import (
    draw_by_class,
    draw_counts,
    match_rows,
    match_to_platform,
    thin,
    thin_to_depths,
)


def test_measured_cells_have_the_expected_mean(rng: np.random.Generator) -> None:
    profile = rng.dirichlet(np.full(60, 0.5))
    platform = Platform(np.array([200.0]), rng.lognormal(0, 0.8, 60), 0.3, rng.dirichlet(np.ones(60)))
    cells = sparse.csr_matrix(np.tile(profile * 5000, (4000, 1)))
    drawn = match_to_platform(cells, platform, rng)
    assert (drawn.data == np.rint(drawn.data)).all()
    np.testing.assert_allclose(drawn.mean(axis=0).A1, 200 * platform.expected(profile[None])[0], rtol=0.15, atol=0.1)


def test_drawn_counts_have_the_stated_moments(rng: np.random.Generator) -> None:
    shares = rng.dirichlet(np.ones(10))
    drawn = draw_counts(np.full(20_000, 30.0), shares, rng).toarray()
    np.testing.assert_allclose(drawn.mean(axis=0), 30 * shares, rtol=0.05, atol=0.02)
    np.testing.assert_allclose(drawn.var(axis=0), 30 * shares, rtol=0.1, atol=0.05)  # Poisson
    by_class = draw_by_class(np.full(4, 1e4), np.array([1, 0, 1, 0]), np.eye(2), rng).toarray()
    assert [int(row.argmax()) for row in by_class] == [1, 0, 1, 0]


def test_thinning_is_binomial_and_never_adds_counts(rng: np.random.Generator) -> None:
    counts = sparse.csr_matrix(np.full((5000, 2), 40.0))
    thinned = thin(counts, np.full(5000, 0.25), rng).toarray()
    assert thinned.mean() == pytest.approx(10, rel=0.02)
    assert thinned.var() == pytest.approx(40 * 0.25 * 0.75, rel=0.06)
    shallow = thin_to_depths(counts, np.array([20.0]), rng)
    assert shallow.sum() / 5000 == pytest.approx(20, rel=0.02)
    same = thin_to_depths(counts, np.array([500.0]), rng)
    assert (same != counts).nnz == 0


def test_cells_in_blocks_are_drawn_as_together(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = sparse.csr_matrix(rng.poisson(2.0, (50, 9)).astype(np.float32))
    target = Platform(np.array([20.0, 40.0]), rng.lognormal(0, 0.5, 9), 0.2, np.full(9, 1 / 9))
    rows = rng.integers(0, 50, 70)
    full = match_to_platform(cells[rows], target, np.random.default_rng(1)).toarray()
    by_class = draw_by_class(np.full(70, 9.0), rows % 3, np.eye(9)[:3] + 0.1, np.random.default_rng(2)).toarray()
    monkeypatch.setattr("spatialcore.annotation.training.platform.simulate.SIMULATED_CELLS", 16)
    blocks = match_rows(cells, rows, target, np.random.default_rng(1))
    assert [block.shape[0] for block in blocks] == [16, 16, 16, 16, 6]
    np.testing.assert_array_equal(sparse.vstack(blocks).toarray(), full)
    repeated = draw_by_class(np.full(70, 9.0), rows % 3, np.eye(9)[:3] + 0.1, np.random.default_rng(2)).toarray()
    np.testing.assert_array_equal(repeated, by_class)


def test_draws_are_the_same_without_the_compiled_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = np.arange(10.0) / 45
    drawn = draw_counts(np.full(100, 30.0), shares, np.random.default_rng(3)).toarray()
    monkeypatch.setattr("spatialcore.annotation.model.compiled.library", lambda: None)
    np.testing.assert_array_equal(draw_counts(np.full(100, 30.0), shares, np.random.default_rng(3)).toarray(), drawn)
