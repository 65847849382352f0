"""Calls that the filters remove: thresholds, dtypes and reasons."""

from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialcore.annotation import filter_low_confidence, filter_low_count_types
from spatialcore.errors import InputError, LabelColumnError
from tests.cells import cells_with

REASON = "cell_type_unassigned_reason"


def called(labels: list[Any], confidence: list[float] | None = None, *, categorical: bool = True) -> ad.AnnData:
    columns = {} if confidence is None else {"cell_type_confidence": confidence}
    return cells_with(cell_type=pd.Series(labels, dtype="category" if categorical else object), **columns)


def texts(adata: ad.AnnData, column: str = "cell_type") -> list[Any]:
    return [None if pd.isna(value) else value for value in adata.obs[column]]


@pytest.mark.parametrize("categorical", [True, False])
def test_calls_below_the_threshold_are_unassigned(categorical: bool) -> None:
    adata = called(["B", "T", None, "T", "B"], [0.8, 0.79, 0.1, np.nan, 0.9], categorical=categorical)
    dtype = adata.obs["cell_type"].dtype
    assert filter_low_confidence(adata) is adata
    assert texts(adata) == ["B", "Unassigned", None, "Unassigned", "B"]
    assert texts(adata, REASON) == ["", "low_confidence", "", "low_confidence", ""]
    assert isinstance(adata.obs["cell_type"].dtype, type(dtype))
    if categorical:
        assert set(adata.obs["cell_type"].cat.categories) == {"B", "Unassigned"}


def test_a_copy_does_not_change_the_original() -> None:
    adata = called(["B", "T"], [0.1, 0.9])
    out = filter_low_confidence(adata, copy=True, unassigned_label="?")
    assert texts(out) == ["?", "T"]
    assert texts(adata) == ["B", "T"]
    assert REASON not in adata.obs


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0, 1))
def test_only_cells_below_the_threshold_change(confidence: list[float], threshold: float) -> None:
    labels = ["ABC"[i % 3] for i in range(len(confidence))]
    out = filter_low_confidence(called(labels, confidence), threshold=threshold)
    assert texts(out) == [
        label if c >= threshold else "Unassigned" for label, c in zip(labels, confidence, strict=True)
    ]


@pytest.mark.parametrize("threshold", [7, -0.1, float("nan"), "high", True, None])
def test_thresholds_are_from_zero_to_one(threshold: Any) -> None:
    with pytest.raises(InputError, match="threshold"):
        filter_low_confidence(called(["B"], [0.5]), threshold=threshold)


def test_columns_are_checked() -> None:
    with pytest.raises(LabelColumnError, match="Label column not found: 'absent'"):
        filter_low_confidence(called(["B"], [0.5]), label_column="absent")
    with pytest.raises(LabelColumnError, match="Confidence column not found: 'cell_type_confidence'"):
        filter_low_confidence(called(["B"]))
    with pytest.raises(InputError, match="is not numeric"):
        filter_low_confidence(called(["B"], [0.5]), confidence_column="cell_type")


@pytest.mark.parametrize("categorical", [True, False])
def test_small_types_are_marked_and_nan_and_unassigned_are_not_types(categorical: bool) -> None:
    labels = ["B"] * 15 + ["T"] * 14 + ["Unassigned"] * 3 + [None] * 2
    adata = filter_low_count_types(called(labels, categorical=categorical))
    assert texts(adata) == ["B"] * 15 + ["Low_count"] * 14 + ["Unassigned"] * 3 + [None] * 2
    assert adata.obs[REASON].value_counts().to_dict() == {"": 20, "low_count_type": 14}


def test_two_filters_record_both_reasons() -> None:
    adata = called(["B"] * 20 + ["T"] * 5, [0.9] * 19 + [0.1] + [0.9] * 5)
    filter_low_count_types(filter_low_confidence(adata))
    assert adata.obs[REASON].value_counts().to_dict() == {"": 19, "low_count_type": 5, "low_confidence": 1}
    assert adata.obs["cell_type"].value_counts().to_dict() == {"B": 19, "Low_count": 5, "Unassigned": 1}


def test_categories_without_a_cell_are_not_called_small() -> None:
    adata = called(["B"] * 20)
    adata.obs["cell_type"] = adata.obs["cell_type"].cat.add_categories(["ghost"])
    assert set(texts(filter_low_count_types(adata))) == {"B"}


@pytest.mark.parametrize("min_cells", [-1, 1.5, "many", True])
def test_min_cells_is_a_whole_number(min_cells: Any) -> None:
    with pytest.raises(InputError, match="min_cells"):
        filter_low_count_types(called(["B"]), min_cells=min_cells)
