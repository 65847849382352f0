"""Sample sizes compared with examples and exhaustive search; draws are seeded and independent of row order."""

import numpy as np
import pandas as pd
import pytest

from spatialcore.core import sampling
from spatialcore.core.sampling import (
    LABEL_MINIMUM,
    cell_keys,
    draw_by_label,
    draw_named,
    draw_runs,
    draw_stratified,
    level,
    share_out,
    stratified_sizes,
    take_off,
)


def test_share_out_follows_the_largest_remainder_method():
    # 100 seats for 47, 16, 15.8, 12, 6.1 and 3.1 %: the standard example of the method
    weights = np.array([47_000, 16_000, 15_900, 12_000, 6_000, 3_100])
    assert share_out(10, weights).tolist() == [5, 2, 1, 1, 1, 0]


def test_share_out_gives_the_excess_of_a_full_stratum_to_the_others():
    assert share_out(10, np.array([8.0, 1.0, 1.0]), np.array([2, 9, 9])).tolist() == [2, 4, 4]
    assert share_out(100, np.array([1.0, 1.0]), np.array([3, 4])).tolist() == [3, 4]


def test_stratified_sizes_are_proportional_with_a_minimum():
    assert stratified_sizes(np.array([900, 90, 10]), 100, floor=5).tolist() == [86, 9, 5]
    assert stratified_sizes(np.array([3, 2]), 10, floor=5).tolist() == [3, 2]
    assert stratified_sizes(np.array([50, 50, 50]), 9, floor=20).tolist() == [3, 3, 3]


def test_level_splits_evenly():
    assert level(10, np.array([1, 9, 9])).tolist() == [1, 5, 4]


def test_take_off_lowers_the_largest_as_evenly_as_a_search_does(rng):
    for _ in range(50):
        sizes, minimum = rng.integers(0, 12, 5), rng.integers(0, 4, 5)
        minimum = np.minimum(sizes, minimum)
        excess = int(rng.integers(0, int((sizes - minimum).sum()) + 1))
        expected = sizes.copy()
        for _ in range(excess):
            expected[np.argmax(np.where(expected > minimum, expected, -1))] -= 1
        assert sorted(take_off(sizes, excess, minimum)) == sorted(expected)


def test_draw_stratified_takes_the_given_number_of_each_code(rng):
    labels = pd.Categorical(["a"] * 30 + ["b"] * 20 + [None] * 10)
    rows = draw_stratified(labels, np.array([7, 20]), rng)
    assert (np.diff(rows) > 0).all()
    assert pd.Series(labels[rows]).value_counts().to_dict() == {"b": 20, "a": 7}


def test_cell_keys_depend_on_name_and_seed_only():
    names = pd.Index(["c1", "c2", "c3"])
    keys = cell_keys(names, 1)
    assert cell_keys(names[::-1], 1)[::-1].tolist() == keys.tolist()
    assert cell_keys(names, 2).tolist() != keys.tolist()


def test_draw_by_label_preserves_proportions_and_rare_labels():
    labels = np.array(["common"] * 9000 + ["other"] * 980 + ["rare"] * 20, dtype=object)
    ids = np.arange(10_000)
    drawn = draw_by_label(ids, labels, 1000, np.random.default_rng(0))
    counts = pd.Series(labels[drawn]).value_counts()
    assert len(np.unique(drawn)) == len(drawn) == 1000
    assert LABEL_MINIMUM <= counts["rare"] < 20
    assert abs(counts["common"] / counts["other"] - 9000 / 980) < 0.7


def test_draw_by_label_does_not_depend_on_row_order(rng):
    labels = rng.choice(["a", "b", "c"], size=500).astype(object)
    ids, order = np.arange(500) * 3, rng.permutation(500)
    one = draw_by_label(ids, labels, 60, np.random.default_rng(1))
    two = draw_by_label(ids[order], labels[order], 60, np.random.default_rng(1))
    assert one.tolist() == two.tolist()
    assert one.tolist() != draw_by_label(ids, labels, 60, np.random.default_rng(2)).tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 7, 499, 500, 900])
def test_draw_by_label_returns_n_cells(n, rng):
    labels = rng.choice(list("abcdefgh"), size=500).astype(object)
    assert len(draw_by_label(np.arange(500), labels, n, rng)) == min(n, 500)


def test_draw_runs_returns_whole_runs_of_rows(rng):
    assert draw_runs(7, 10, rng).tolist() == list(range(7))
    rows = draw_runs(1003, 200, rng, length=10)
    assert len(rows) == len(set(rows)) == 200
    runs = rows.reshape(-1, 10)
    assert (np.diff(runs) == 1).all()
    assert (runs[:, 0] % 10 == 0).all()
    assert rows.max() < 1000


def test_a_draw_by_names_does_not_depend_on_the_order(rng):
    names = pd.Index([f"cell {i}" for i in range(1_000)])
    drawn = names[draw_named(names, 100, 3)]
    permuted = names[rng.permutation(1_000)]
    assert sorted(permuted[draw_named(permuted, 100, 3)]) == sorted(drawn)
    assert len(drawn) == 100
    assert set(drawn) < set(names[draw_named(names, 200, 3)])
    assert set(drawn) != set(names[draw_named(names, 100, 4)])
    assert abs(names.get_indexer(drawn).mean() - 499.5) < 100  # standard error 29
    assert draw_named(names, 1_000, 3).tolist() == list(range(1_000))


def test_cells_of_one_name_are_drawn_together(rng):
    names = pd.Index(np.repeat([f"cell {i}" for i in range(300)], 3))
    drawn = names[draw_named(names, 100, 0)]
    assert 98 <= len(drawn) <= 100
    assert set(drawn.value_counts()) == {3}
    permuted = names[rng.permutation(900)]
    assert sorted(permuted[draw_named(permuted, 100, 0)]) == sorted(drawn)
    assert len(draw_named(pd.Index(["cell"] * 900), 100, 0)) == 100


def test_keys_are_the_same_in_parts(monkeypatch):
    names = pd.Index([f"cell {i}" for i in range(25)])
    expected = cell_keys(names, 1)
    monkeypatch.setattr(sampling, "NAMES_AT_ONCE", 10)
    assert cell_keys(names, 1).tolist() == expected.tolist()
