"""Orders of rows by content and by place: the same for permuted rows, in blocks, and with equal rows."""

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.expression import cell_order
from spatialcore.annotation.expression.cell_order import by_content, by_place, row_hashes


def counts(rng: np.random.Generator, n: int = 300, n_genes: int = 40) -> sparse.csr_matrix:
    return sparse.csr_matrix(rng.poisson(0.3, (n, n_genes)).astype(np.float32))


def test_equal_rows_have_equal_hashes_and_others_do_not(rng: np.random.Generator) -> None:
    table = counts(rng, n_genes=4)
    distinct = {tuple(row) for row in table.toarray()}
    hashes = row_hashes(table)
    assert len(distinct) < table.shape[0]
    assert len(set(hashes.tolist())) == len(distinct)
    for row in distinct:
        equal = (table.toarray() == row).all(axis=1)
        assert len(set(hashes[equal].tolist())) == 1


def test_hashes_depend_on_neither_blocks_nor_storage(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    table = counts(rng)
    table[5] = 0
    expected = row_hashes(table)
    assert expected[5] == 0
    stored = table.copy()
    for first, last in zip(stored.indptr[:-1], stored.indptr[1:], strict=True):  # columns of a row in another order
        stored.indices[first:last], stored.data[first:last] = (
            stored.indices[first:last][::-1],
            stored.data[first:last][::-1],
        )
    monkeypatch.setattr(cell_order, "BLOCK_VALUES", 50)
    np.testing.assert_array_equal(row_hashes(stored), expected)
    np.testing.assert_array_equal(row_hashes(table.astype(np.float64)), expected)
    np.testing.assert_array_equal(row_hashes(table[100:]), expected[100:])


def test_rows_by_content_are_the_same_for_every_order(rng: np.random.Generator) -> None:
    table = counts(rng, n_genes=4)
    other = table[rng.permutation(table.shape[0])]
    np.testing.assert_array_equal(other[by_content(other)].toarray(), table[by_content(table)].toarray())
    assert sorted(by_content(table).tolist()) == list(range(table.shape[0]))


def test_a_table_without_cells_or_counts() -> None:
    assert row_hashes(sparse.csr_matrix((0, 3))).tolist() == []
    assert row_hashes(sparse.csr_matrix((2, 3))).tolist() == [0, 0]


def test_rows_by_place_are_sorted_by_each_dimension_in_turn(rng: np.random.Generator) -> None:
    places, totals = rng.integers(0, 4, (200, 3)).astype(float), rng.integers(0, 3, 200)
    rows = sorted(range(200), key=lambda i: (*places[i], totals[i]))
    table = np.column_stack([places, totals])
    np.testing.assert_array_equal(table[by_place(places, totals)], table[rows])
