"""SpatialData stores: the table is read, and gets the calls back, with all else untouched."""

from pathlib import Path

import numpy as np
import pytest

from spatialcore import columns
from spatialcore.errors import InputError
from spatialcore.io import read_spatial, write_annotated
from spatialcore.io.spatialdata_store import read_spatialdata
from tests.io.test_write import called

spatialdata = pytest.importorskip("spatialdata")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a store with circles and a table that annotates them, coordinates in the circles only."""
    from spatialdata.models import ShapesModel, TableModel

    made = called(15)
    table = made[:, :].copy()
    table.obs = table.obs[[]].assign(region="cells", instance=np.arange(15))
    table.obs["region"] = table.obs["region"].astype("category")
    del table.obsm["spatial"], table.obsm[columns.DECISION_SCORES], table.uns[columns.MANIFEST]
    circles = ShapesModel.parse(made.obsm["spatial"], geometry=0, radius=5.0, index=np.arange(15))
    table = TableModel.parse(table, region="cells", region_key="region", instance_key="instance")
    path = tmp_path / "sample.zarr"
    spatialdata.SpatialData(shapes={"cells": circles}, tables={"table": table}).write(path)
    return path


def test_the_table_is_read_with_the_centres_of_its_shapes(store: Path) -> None:
    made, seen = called(15), read_spatial(store)
    assert seen.obs_names.tolist() == made.obs_names.tolist()
    assert (seen.X != made.X).nnz == 0
    np.testing.assert_allclose(seen.obsm["spatial"], made.obsm["spatial"])


def test_calls_go_back_into_the_table(store: Path) -> None:
    made = called(15)
    write_annotated(made[::-1].copy(), store)  # order of rows does not matter, names do
    back = spatialdata.read_zarr(store)
    table = back.tables["table"]
    assert set(back.shapes) == {"cells"}
    assert list(back.tables) == ["table"]
    assert table.obs_names.tolist() == made.obs_names.tolist()
    assert table.obs[columns.CELL_TYPE].tolist() == made.obs[columns.CELL_TYPE].tolist()
    np.testing.assert_allclose(table.obsm[columns.DECISION_SCORES], made.obsm[columns.DECISION_SCORES])
    assert table.uns["spatialdata_attrs"]["region"] == "cells"
    assert table.uns[columns.MANIFEST]["n_cells"] == 15
    write_annotated(made, store)  # and again
    assert list(spatialdata.read_zarr(store).tables) == ["table"]


def test_calls_of_other_cells_are_refused(store: Path) -> None:
    with pytest.raises(InputError, match="not the same ones"):
        write_annotated(called(14), store)
    with pytest.raises(InputError, match="not the same ones"):
        write_annotated(called(15, seed=3), store)


def test_an_unknown_table_is_named_beside_those_there_are(store: Path) -> None:
    with pytest.raises(InputError, match="holds the tables table"):
        read_spatialdata(store, table="cells")
