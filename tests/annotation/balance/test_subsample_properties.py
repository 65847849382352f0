"""Properties of the draw for all tables of types and sources."""

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialcore.annotation import subsample_balanced
from spatialcore.annotation.balance.subsample import source_targets
from tests.annotation.balance.tables import LABEL, SOURCE, cells, counted

TABLES = st.dictionaries(
    st.tuples(st.sampled_from(["B", "T", "NK", "mast"]), st.sampled_from(["x", "y", "z"])),
    st.integers(1, 120),
    min_size=1,
    max_size=12,
)
SETTINGS = st.fixed_dictionaries(
    {
        "max_cells_per_type": st.integers(1, 200),
        "min_cells_per_source": st.integers(0, 80),
        "source_balance": st.sampled_from(["proportional", "equal"]),
        "random_state": st.integers(0, 5),
    }
)


@settings(max_examples=80, deadline=None)
@given(table=TABLES, chosen=SETTINGS)
def test_exactly_the_cap_or_all_there_is_and_no_cell_made_up(table: Any, chosen: Any) -> None:
    full = cells(table)
    drawn = subsample_balanced(full, LABEL, min_cells_per_type=0, **chosen)
    before = counted(full)
    assert counted(drawn) == {name: min(n, chosen["max_cells_per_type"]) for name, n in before.items()}
    assert drawn.obs_names.is_unique
    pd.testing.assert_frame_equal(drawn.obs, full.obs.loc[drawn.obs_names])
    positions = full.obs_names.get_indexer(drawn.obs_names)
    assert (np.diff(positions) > 0).all()


@settings(max_examples=60, deadline=None)
@given(table=TABLES, chosen=SETTINGS)
def test_no_source_is_starved(table: Any, chosen: Any) -> None:
    full = cells(table)
    drawn = subsample_balanced(full, LABEL, min_cells_per_type=0, **chosen)
    result = drawn.obs.groupby([LABEL, SOURCE], observed=True).size()
    for label in {label for label, _ in table}:
        of_label = {source: n for (name, source), n in table.items() if name == label}
        minimum = {source: min(n, chosen["min_cells_per_source"]) for source, n in of_label.items()}
        if sum(minimum.values()) <= chosen["max_cells_per_type"]:
            assert all(result.get((label, source), 0) >= n for source, n in minimum.items())


@settings(max_examples=60, deadline=None)
@given(table=TABLES, chosen=SETTINGS, order=st.randoms(use_true_random=False))
def test_the_draw_does_not_depend_on_the_order_of_rows(table: Any, chosen: Any, order: Any) -> None:
    full = cells(table)
    rows = list(range(full.n_obs))
    order.shuffle(rows)
    drawn = subsample_balanced(full, LABEL, min_cells_per_type=0, **chosen)
    repeated = subsample_balanced(full[rows].copy(), LABEL, min_cells_per_type=0, **chosen)
    assert set(drawn.obs_names) == set(repeated.obs_names)


@settings(max_examples=60, deadline=None)
@given(table=TABLES, chosen=SETTINGS, more=st.integers(0, 100))
def test_a_higher_cap_never_draws_fewer(table: Any, chosen: Any, more: int) -> None:
    full = cells(table)
    low = counted(subsample_balanced(full, LABEL, min_cells_per_type=0, **chosen))
    chosen = {**chosen, "max_cells_per_type": chosen["max_cells_per_type"] + more}
    high = counted(subsample_balanced(full, LABEL, min_cells_per_type=0, **chosen))
    assert all(high[name] >= n for name, n in low.items())


@settings(max_examples=60, deadline=None)
@given(table=TABLES, cap=st.integers(1, 150), more=st.integers(0, 100), seed=st.integers(0, 5))
def test_of_one_source_a_larger_draw_contains_the_smaller(table: Any, cap: int, more: int, seed: int) -> None:
    full = cells(table)
    drawn = [
        set(
            subsample_balanced(
                full, LABEL, max_cells_per_type=n, min_cells_per_type=0, source_column=None, random_state=seed
            ).obs_names
        )
        for n in (cap, cap + more)
    ]
    assert drawn[0] <= drawn[1]


@settings(max_examples=30, deadline=None)
@given(table=TABLES, chosen=SETTINGS)
def test_a_fixed_seed_is_a_fixed_draw(table: Any, chosen: Any) -> None:
    full = cells(table)
    np.random.seed(0)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (subsample_balanced(full, LABEL, min_cells_per_type=0, **chosen) for _ in range(2))
    assert list(first.obs_names) == list(second.obs_names)
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_another_seed_is_another_draw_and_every_cell_has_its_chance() -> None:
    full = cells({("B", "a"): 100})
    drawn = [
        set(subsample_balanced(full, LABEL, max_cells_per_type=50, random_state=seed).obs_names) for seed in range(40)
    ]
    times = pd.Series([name for some in drawn for name in some]).value_counts()
    assert len({frozenset(some) for some in drawn}) == 40
    assert len(times) == 100
    assert times.max() < 36  # 20 expected of 40, five standard deviations


@settings(max_examples=200, deadline=None)
@given(
    available=st.lists(st.integers(0, 10**6), min_size=1, max_size=8),
    total=st.integers(1, 10**6),
    balance=st.sampled_from(["proportional", "equal"]),
    minimum=st.integers(0, 1000),
)
def test_targets_are_whole_and_complete(available: list[int], total: int, balance: Any, minimum: int) -> None:
    room = np.array(available)
    targets = source_targets(room, total, balance, minimum)
    assert targets.sum() == min(total, room.sum())
    assert (targets <= room).all()
    assert (targets >= 0).all()


@settings(max_examples=200, deadline=None)
@given(available=st.lists(st.integers(1, 10**6), min_size=1, max_size=8), total=st.integers(1, 10**6))
def test_proportional_targets_are_within_one_cell_of_the_exact_share(available: list[int], total: int) -> None:
    room = np.array(available)
    targets = source_targets(room, total, "proportional", 0)
    exact = room * min(1.0, total / room.sum())
    assert (np.abs(targets - exact) < 1 + 1e-6).all()


SHARES = st.dictionaries(st.sampled_from(["B", "T", "NK"]), st.floats(0.001, 0.3), min_size=1, max_size=3)


@settings(max_examples=80, deadline=None)
@given(shares=SHARES, n=st.tuples(*[st.integers(60, 400)] * 4), cap=st.integers(60, 300))
def test_target_proportions_hold_of_the_final_size(shares: dict[str, float], n: tuple[int, ...], cap: int) -> None:
    full = cells({(name, "a"): k for name, k in zip(["B", "T", "NK", "rest"], n, strict=True)})
    drawn = subsample_balanced(full, LABEL, max_cells_per_type=cap, target_proportions=shares, min_cells_per_type=5)
    drawn_cells, available = counted(drawn), counted(full)
    for name in available:
        assert drawn_cells[name] <= min(cap, available[name])
    for name, share in shares.items():
        expected = share * drawn.n_obs
        is_bound = drawn_cells[name] in (min(cap, available[name]), 5)
        assert is_bound or abs(drawn_cells[name] - expected) <= 1


def test_shares_that_sum_to_one_do_not_collapse_the_cells() -> None:
    full = cells({("A", "s"): 10_000, ("B", "s"): 10_000, ("C", "s"): 5_000})
    drawn = subsample_balanced(full, LABEL, target_proportions={"A": 0.4, "B": 0.4, "C": 0.2})
    assert counted(drawn) == {"A": 5_000, "B": 5_000, "C": 2_500}
