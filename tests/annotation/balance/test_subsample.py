"""Cap and fill: the exact examples of the specification, keys of proportions, and refused values."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation import subsample_balanced
from spatialcore.errors import InputError, LabelColumnError
from tests.annotation.balance.tables import CL, LABEL, SOURCE, cells, counted

MACROPHAGES = {("Macrophage", "Study1"): 30_000, ("Macrophage", "Study2"): 5_000}


@pytest.mark.parametrize(
    ("balance", "expected"),
    [("proportional", {"Study1": 8_571, "Study2": 1_429}), ("equal", {"Study1": 5_000, "Study2": 5_000})],
)
def test_the_macrophages_of_the_specification(balance: Any, expected: dict[str, int]) -> None:
    drawn = subsample_balanced(cells(MACROPHAGES), LABEL, max_cells_per_type=10_000, source_balance=balance)
    assert counted(drawn, SOURCE) == expected


def test_the_natural_killer_cells_of_the_specification() -> None:
    tissue = {(f"type {i}", "atlas"): 20_000 for i in range(10)}
    drawn = subsample_balanced(
        cells({**tissue, ("NK cell", "facs"): 5_000}), LABEL, target_proportions={"NK cell": 0.0025}
    )
    n = counted(drawn)
    assert n.pop("NK cell") == 125  # 0.25 % of 50,125
    assert set(n.values()) == {5_000}
    assert 125 / drawn.n_obs == pytest.approx(0.0025, abs=1 / drawn.n_obs)


def test_without_target_proportions_the_sorted_cells_dominate() -> None:
    tissue = {(f"type {i}", "atlas"): 5_000 for i in range(9)}
    drawn = subsample_balanced(cells({**tissue, ("NK cell", "facs"): 5_000}), LABEL)
    assert counted(drawn)["NK cell"] / drawn.n_obs == 0.1


def test_small_sources_limit_the_share() -> None:
    drawn = subsample_balanced(
        cells({("B", "a"): 1_000, ("NK", "b"): 500}), LABEL, min_cells_per_type=50, target_proportions={"NK": 0.001}
    )
    assert counted(drawn) == {"B": 1_000, "NK": 50}


def test_caps_are_never_exceeded_by_many_small_sources() -> None:
    many = {("T", f"source {i}"): 400 for i in range(80)}
    drawn = subsample_balanced(cells(many), LABEL, max_cells_per_type=1_000, min_cells_per_source=50)
    assert drawn.n_obs == 1_000
    assert set(counted(drawn, SOURCE).values()) <= {12, 13}


def test_the_minimum_of_a_source_reduces_large_sources() -> None:
    drawn = subsample_balanced(cells({("T", "big"): 10_000, ("T", "small"): 60}), LABEL, max_cells_per_type=1_000)
    assert counted(drawn, SOURCE) == {"big": 950, "small": 50}


def test_other_sources_fill_up_for_a_small_source() -> None:
    drawn = subsample_balanced(
        cells({("T", "a"): 5_000, ("T", "b"): 5_000, ("T", "c"): 100}),
        LABEL,
        max_cells_per_type=3_000,
        source_balance="equal",
    )
    assert counted(drawn, SOURCE) == {"a": 1_450, "b": 1_450, "c": 100}


def test_two_spellings_of_one_id_share_a_cap() -> None:
    ids = {"CD4+ T cells": "CL:0000624", "CD4-positive, alpha-beta T cell": "CL:0000624", "Macrophages": "CL:0000235"}
    full = cells({(label, "ab"[i % 2]): 900 for i, label in enumerate(ids)}, ids)
    apart = subsample_balanced(full, LABEL, max_cells_per_type=600)
    together = subsample_balanced(full, LABEL, max_cells_per_type=600, group_by_column=CL)
    assert counted(apart) == dict.fromkeys(ids, 600)
    assert counted(together, CL) == {"CL:0000624": 600, "CL:0000235": 600}
    assert counted(together)["CD4+ T cells"] == 300


def test_labels_without_an_id_are_grouped_by_their_text() -> None:
    full = cells({("novel 1", "a"): 200, ("novel 2", "a"): 200, ("B cell", "a"): 200}, {"B cell": "CL:0000236"})
    drawn = subsample_balanced(full, LABEL, max_cells_per_type=100, group_by_column=CL)
    assert counted(drawn) == {"novel 1": 100, "novel 2": 100, "B cell": 100}


def test_small_types_are_dropped_unless_the_minimum_is_zero() -> None:
    full = cells({("many", "a"): 100, ("few", "a"): 49})
    assert counted(subsample_balanced(full, LABEL)) == {"many": 100}
    assert counted(subsample_balanced(full, LABEL, min_cells_per_type=0)) == {"many": 100, "few": 49}


def test_missing_labels_are_not_a_type_and_dtypes_are_unchanged() -> None:
    full = cells({("B", "a"): 100, ("T", "b"): 100})
    full.obs[LABEL] = full.obs[LABEL].where(np.arange(200) % 4 != 0).astype("category")
    drawn = subsample_balanced(full, LABEL, max_cells_per_type=60)
    assert counted(drawn) == {"B": 60, "T": 60}
    assert isinstance(drawn.obs[LABEL].dtype, pd.CategoricalDtype)


def test_labels_that_are_numbers() -> None:
    full = cells({("1", "a"): 80, ("2", "a"): 90})
    full.obs[LABEL] = full.obs[LABEL].astype(int)
    assert counted(subsample_balanced(full, LABEL, max_cells_per_type=70)) == {"1": 70, "2": 70}


def test_a_view_or_a_copy() -> None:
    full = cells({("B", "a"): 100})
    assert subsample_balanced(full, LABEL, copy=False).is_view
    assert not subsample_balanced(full, LABEL).is_view


def test_a_backed_reference_is_read_for_the_drawn_cells_only(tmp_path: Path) -> None:
    full = cells({("B", "a"): 100, ("T", "a"): 100})
    full.write_h5ad(tmp_path / "a.h5ad")
    backed = ad.read_h5ad(tmp_path / "a.h5ad", backed="r")
    drawn = subsample_balanced(backed, LABEL, max_cells_per_type=60)
    assert not drawn.isbacked
    assert list(drawn.obs_names) == list(subsample_balanced(full, LABEL, max_cells_per_type=60).obs_names)


@pytest.mark.parametrize("key", ["NK cell", "CL:0000623", "natural killer cell", "nk CELL"])
def test_keys_are_labels_names_or_ids(key: str) -> None:
    full = cells({("NK cell", "b"): 2_000, ("B cell", "a"): 6_000}, {"NK cell": "CL:0000623", "B cell": "CL:0000236"})
    full.obs["cell_type_ontology_label"] = full.obs[LABEL].map({"NK cell": "natural killer cell", "B cell": "B cell"})
    drawn = subsample_balanced(full, LABEL, group_by_column=CL, target_proportions={key: 0.0025}, min_cells_per_type=5)
    assert counted(drawn) == {"NK cell": 13, "B cell": 5_000}


SMALL = {("B", "a"): 100, ("T", "a"): 100}


@pytest.mark.parametrize(
    ("proportions", "text"),
    [
        ({}, "empty"),
        ({"B": 0.7, "T": 0.6}, "more than 1"),
        ({"B": 1.0}, "types without a share: 1"),
        ({"B": -0.1}, "above 0"),
        ({"B": 0}, "above 0"),
        ({"B": float("nan")}, "above 0"),
        ({"B": "much"}, "above 0"),
        ({"B": True}, "above 0"),
        ({"NK": 0.1}, "no cell has"),
        ({"B": 0.1, "b ": 0.2}, "twice"),
        (["B", 0.1], "list"),
        (0.5, "float"),
    ],
)
def test_invalid_proportions(proportions: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        subsample_balanced(cells(SMALL), LABEL, target_proportions=proportions)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("max_cells_per_type", 0),
        ("max_cells_per_type", -1),
        ("max_cells_per_type", 2.5),
        ("max_cells_per_type", True),
        ("min_cells_per_type", -1),
        ("min_cells_per_source", -1),
        ("source_balance", "foo"),
        ("random_state", -3),
    ],
)
def test_values_are_checked(argument: str, value: Any) -> None:
    with pytest.raises(InputError, match=argument):
        subsample_balanced(cells(SMALL), LABEL, **{argument: value})


@pytest.mark.parametrize("argument", ["label_column", "source_column", "group_by_column"])
def test_the_error_of_a_missing_column_lists_the_columns(argument: str) -> None:
    arguments = {"label_column": LABEL, argument: "absent"}
    with pytest.raises(LabelColumnError, match=r"not found: 'absent'.*original_label, reference_source"):
        subsample_balanced(cells(SMALL), **arguments)


def test_no_type_is_large_enough() -> None:
    with pytest.raises(InputError, match="no cell type has 500 cells"):
        subsample_balanced(cells(SMALL), LABEL, min_cells_per_type=500)


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("NK cel", "similar types: NK cell, B cell"),
        ("qqqq", "similar types: B cell, CL:0000236, CL:0000623, NK cell, NK cells"),
    ],
)
def test_suggested_types_are_not_repeated(key: str, hint: str) -> None:
    ids = {"NK cell": "CL:0000623", "NK cells": "CL:0000623", "B cell": "CL:0000236"}
    made = cells({(label, "a"): 60 for label in ids}, ids)
    with pytest.raises(InputError, match=f"target_proportions names '{key}', which no cell has") as error:
        subsample_balanced(made, LABEL, group_by_column=CL, target_proportions={key: 0.1})
    assert error.value.hint == hint
