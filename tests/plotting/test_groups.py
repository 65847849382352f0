"""Groups of cells: order, selection, colours."""

import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.errors import InputError, LabelColumnError
from spatialcore.plotting.groups import Groups, group_cells, numeric_column, obs_column, type_colors
from tests.cells import cells_with


def test_types_are_sorted_by_size_and_unassigned_is_last() -> None:
    groups = group_cells(cells_with(label=["b", "a", "a", None, "Unassigned", "Unassigned"]), "label")
    assert groups.names == ("a", "b", "Unassigned")
    assert groups.codes.tolist() == [1, 0, 0, 2, 2, 2]
    assert groups.sizes.tolist() == [2, 1, 3]


def test_types_only_excludes_cells_without_type() -> None:
    groups = group_cells(cells_with(label=["a", "Unassigned"]), "label", types_only=True)
    assert groups.names == ("a",)
    assert groups.codes.tolist() == [0, -1]


def test_select_and_sizes() -> None:
    groups = Groups(("a", "b", "c"), np.array([0, 0, 1, 2, 2, -1]))
    selected = groups.select(["c", "a"])
    assert selected.codes.tolist() == [1, 1, -1, 0, 0, -1]
    assert groups.at_least(2).names == ("a", "c")
    assert groups.smaller_than(2) == ["b (1)"]
    assert groups.members(2).tolist() == [3, 4]


def test_missing_column_lists_the_existing_ones() -> None:
    with pytest.raises(LabelColumnError) as error:
        obs_column(cells_with(label=["a"]), "cell_type")
    assert "label" in str(error.value)


def test_values_that_are_not_numbers_become_nan() -> None:
    np.testing.assert_array_equal(numeric_column(cells_with(x=["0.5", "high"]), "x"), [0.5, np.nan])


def test_colors_of_the_model_have_priority_over_those_of_scanpy() -> None:
    adata = cells_with(label=pd.Categorical(["a", "b"]))
    adata.uns["label_colors"] = ["#111111", "#222222"]
    assert type_colors(adata, "label") == {"a": "#111111", "b": "#222222"}
    adata.uns[columns.MANIFEST] = {"colors_json": json.dumps({"a": "#abcdef"})}
    colors = type_colors(adata, "label")
    assert colors["a"] == "#abcdef"
    assert colors["b"] not in ("#222222", "#abcdef")


def test_data_without_cells(tissue: ad.AnnData) -> None:
    with pytest.raises(LabelColumnError, match="no cells"):
        group_cells(tissue[:0], "cell_type")


def test_a_column_without_numbers_is_refused() -> None:
    cells = ad.AnnData(obs=pd.DataFrame({"text": ["a", "b"], "some": [1.0, None], "none": [None, None]}))
    with pytest.raises(InputError, match=r"obs\['text'\] has no numbers \(first value: 'a'\)"):
        numeric_column(cells, "text")
    assert numeric_column(cells, "some")[0] == 1
    assert np.isnan(numeric_column(cells, "none")).all()
