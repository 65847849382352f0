"""Single cells on another scale are detected."""

import numpy as np
import pytest
import scipy.sparse as sp

from spatialcore.core import one_scale
from spatialcore.core.counts import recover_counts
from spatialcore.core.one_scale import _smallest, odd_cells, rounded_shares


def counts(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(2.0, (40, 30)).astype(np.float32)


def shares(values: np.ndarray, total: float) -> np.ndarray:
    return values / values.sum(axis=1, keepdims=True) * total


def logs(values: np.ndarray, total: float = 1e4) -> np.ndarray:
    return np.log1p(shares(values, total))


def replace_rows(values: np.ndarray, rows: slice, others: np.ndarray) -> sp.csr_matrix:
    changed = values.copy()
    changed[rows] = others[rows]
    return sp.csr_matrix(changed.astype(np.float32))


ONE_ROW = slice(3, 4)


@pytest.mark.parametrize(
    ("values", "kind", "what"),
    [
        (replace_rows(counts(), ONE_ROW, shares(counts(), 1e6)), "counts", "fractions"),
        (replace_rows(counts(), ONE_ROW, logs(counts())), "counts", "fractions"),
        (replace_rows(counts(), ONE_ROW, counts() * 1e9), "counts", "more than 1e+07 counts"),
        (replace_rows(counts(), ONE_ROW, counts() * np.nan), "counts", "NaN"),
        (replace_rows(counts(), ONE_ROW, counts() - 5), "counts", "negative values"),
        (replace_rows(logs(counts()), ONE_ROW, shares(counts(), 1e6)), "logarithms", "values too large for logarithms"),
        (replace_rows(logs(counts()), ONE_ROW, counts()), "logarithms", "counts"),
        (replace_rows(logs(counts()), ONE_ROW, logs(counts()) + np.inf), "logarithms", "infinite values"),
    ],
)
def test_one_cell_on_another_scale_is_found(values: sp.csr_matrix, kind: str, what: str) -> None:
    assert odd_cells(values, kind)[what] == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("total", [1e4, 1e6, 60.0])
def test_cells_on_one_scale_are_accepted(total: float) -> None:
    assert odd_cells(sp.csr_matrix(counts()), "counts") == {}
    assert odd_cells(sp.csr_matrix(logs(counts(), total).astype(np.float32)), "logarithms") == {}


@pytest.mark.parametrize("total", [1e4, 1e5, 1e6])
def test_rounded_shares_of_a_total_are_not_counts(total: float) -> None:
    table = counts()
    rounded = np.round(shares(table, total))
    assert rounded_shares(sp.csr_matrix(rounded)).all()
    assert not rounded_shares(sp.csr_matrix(table)).any()
    table[:6] = rounded[:6]
    assert odd_cells(sp.csr_matrix(table.astype(np.float32)), "counts") == {"rounded shares of one total": 6}


@pytest.mark.parametrize(("n_shares", "n_found"), [(5, 0), (12, 12)])
def test_one_cell_in_a_hundred_may_look_like_rounded_shares(n_shares: int, n_found: int) -> None:
    table = np.random.default_rng(0).poisson(2.0, (1_000, 30)).astype(np.float32)
    table[:n_shares] = np.round(shares(table[:n_shares], 1e4))
    assert rounded_shares(sp.csr_matrix(table)).sum() == n_found


@pytest.mark.parametrize(("mean", "genes"), [(8, 200), (20, 30), (2, 100)])
def test_counts_of_one_depth_are_not_rounded_shares(mean: float, genes: int, rng: np.random.Generator) -> None:
    assert not rounded_shares(sp.csr_matrix(rng.poisson(mean, (200, genes)).astype(np.float32))).any()


def test_counts_drawn_to_one_total_are_not_rounded_shares(rng: np.random.Generator) -> None:
    drawn = np.array([rng.multinomial(1000, row / row.sum()) for row in rng.gamma(0.3, 1, (100, 400))])
    assert not rounded_shares(sp.csr_matrix(drawn.astype(np.float32))).any()


def test_a_few_cells_without_a_value_of_one_are_not_rounded_shares() -> None:
    cells = [
        [2, 2, 2, 3, 3, 5, 6, 6, 18, 37, 0, 0, 0],
        [3, 3, 3, 3, 4, 4, 6, 7, 7, 7, 7, 11, 17],
        [2, 2, 2, 3, 3, 5, 6, 6, 8, 8, 9, 10, 12],
        [3, 3, 4, 4, 5, 5, 6, 7, 10, 13, 23, 0, 0],
    ]
    assert odd_cells(sp.csr_matrix(np.array(cells, np.float32)), "counts") == {}


@pytest.mark.parametrize("base", [np.e, 2, 10])
def test_counts_are_recovered_from_any_base(base: float) -> None:
    values = sp.csr_matrix((logs(counts()) / np.log(base)).astype(np.float32))
    recovered, kind = recover_counts(values)
    assert kind == "recovered"
    np.testing.assert_array_equal(recovered.toarray(), counts())


def test_counts_are_recovered_from_two_bases_in_one_matrix() -> None:
    values = replace_rows(logs(counts()), slice(0, 15), logs(counts()) / np.log(2))
    np.testing.assert_array_equal(recover_counts(values)[0].toarray(), counts())


def test_implausibly_large_counts_are_not_recovered() -> None:
    recovered, kind = recover_counts(sp.csr_matrix(shares(counts(), 1e6).astype(np.float32) + 0.3))
    assert kind == "pseudo"
    assert np.isfinite(recovered.data).all()
    assert recovered.sum(axis=1).max() < 1e5


def test_the_smallest_value_of_each_cell_is_that_of_its_row(rng: np.random.Generator) -> None:
    table = rng.poisson(1.0, (50, 8)).astype(np.float32)
    table[[0, 7, 49]] = 0
    expected = np.where(table > 0, table, np.inf).min(axis=1)
    np.testing.assert_array_equal(_smallest(sp.csr_matrix(table)), expected)
    np.testing.assert_array_equal(_smallest(sp.csr_matrix((3, 8))), [np.inf] * 3)


@pytest.mark.parametrize("kind", ["counts", "logarithms"])
def test_cells_are_checked_in_blocks(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed = np.vstack([counts(), np.round(shares(counts(1), 1e4)), logs(counts(2)), np.zeros((3, 30))])
    values = sp.csr_matrix(mixed.astype(np.float32))
    full = odd_cells(values, kind)  # type: ignore[arg-type]
    monkeypatch.setattr(one_scale, "BLOCK_CELLS", 7)
    assert odd_cells(values, kind) == full != {}  # type: ignore[arg-type]


def test_three_deep_cells_with_similar_totals_are_not_rounded_shares() -> None:
    """Cells of a few genes with few small counts, by chance of 171 to 174 counts in all, among other cells."""
    deep = [
        [3, 13, 72, 3, 3, 8, 35, 5, 5, 13, 13],
        [3, 2, 139, 2, 4, 3, 6, 4, 6, 5],
        [4, 5, 4, 3, 6, 54, 4, 3, 29, 3, 2, 2, 3, 3, 46],
    ]
    counts = np.random.default_rng(0).poisson(0.5, (100, 200)).astype(np.float32)
    for row, values in enumerate(deep):
        counts[row] = 0
        counts[row, : len(values)] = values
    assert not rounded_shares(sp.csr_matrix(counts)).any()
