"""Access to entries of an AnnData object by name."""

import logging

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from spatialcore.core.entries import coordinates_in, free_name, mapping_in, move_entry
from tests.cells import cells_with


@pytest.mark.parametrize("value", ["a text", 3, ["a", "list"], None])
def test_other_values_are_not_mappings(value: object) -> None:
    assert mapping_in({"key": value}, "key") == {}
    assert mapping_in({}, "key") == {}


def test_the_mapping_itself_is_returned() -> None:
    entry = {"unit": "um"}
    assert mapping_in({"key": entry}, "key") is entry


def test_an_entry_is_moved_to_a_free_name(caplog: pytest.LogCaptureFixture) -> None:
    part = {"counts": "mine", "counts_before": "older"}
    with caplog.at_level(logging.WARNING):
        assert move_entry(part, "counts", "layers") == "counts_before_2"
    assert part == {"counts_before": "older", "counts_before_2": "mine"}
    assert "layers['counts']" in caplog.text
    assert free_name("new", part) == "new"


XY = np.array([[1.0, 2.0], [3.0, np.nan]])
FRAME = pd.DataFrame(XY, index=["c0", "c1"], columns=["x", "y"])


@pytest.mark.parametrize(
    "value",
    [
        XY,
        XY.astype(np.float32),
        FRAME,
        FRAME.astype("Float64"),
        FRAME.astype(object),
        sp.csr_matrix(XY),
    ],
)
def test_coordinates_in_any_form(value: object) -> None:
    adata = cells_with(x=[1, 2])
    adata.obs_names = ["c0", "c1"]
    adata.obsm["spatial"] = value
    coordinates = coordinates_in(adata)
    assert coordinates is not None
    np.testing.assert_array_equal(coordinates, XY)
    assert coordinates.dtype == np.float64


@pytest.mark.parametrize("value", [None, XY[:, :1], FRAME.astype(str).replace("nan", "left"), XY[:, None, :]])
def test_other_elements_are_not_coordinates(value: object) -> None:
    adata = cells_with(x=[1, 2])
    adata.obs_names = ["c0", "c1"]
    if value is not None:
        adata.obsm["spatial"] = value
    assert coordinates_in(adata) is None
