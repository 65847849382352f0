"""SpatialData stores: read the table, and write calls into it without changing other elements."""

from pathlib import Path

import numpy as np
import pytest

from spatialcore import columns
from spatialcore.errors import InputError
from spatialcore.io import read_spatial, write_annotated
from spatialcore.io.spatialdata_store import read_spatialdata
from tests.io.bundles import called

spatialdata = pytest.importorskip("spatialdata")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a store with circles and a table that annotates them; only the circles have coordinates."""
    from spatialdata.models import ShapesModel, TableModel

    data = called(15)
    table = data[:, :].copy()
    table.obs = table.obs[[]].assign(region="cells", instance=np.arange(15))
    table.obs["region"] = table.obs["region"].astype("category")
    del table.obsm["spatial"], table.obsm[columns.DECISION_SCORES], table.uns[columns.MANIFEST]
    circles = ShapesModel.parse(data.obsm["spatial"], geometry=0, radius=5.0, index=np.arange(15))
    table = TableModel.parse(table, region="cells", region_key="region", instance_key="instance")
    path = tmp_path / "sample.zarr"
    spatialdata.SpatialData(shapes={"cells": circles}, tables={"table": table}).write(path)
    return path


def test_coordinates_are_centroids_of_shapes(store: Path) -> None:
    data, read = called(15), read_spatial(store)
    assert read.obs_names.tolist() == data.obs_names.tolist()
    assert (read.X != data.X).nnz == 0
    np.testing.assert_allclose(read.obsm["spatial"], data.obsm["spatial"])


def test_calls_are_written_into_the_table(store: Path) -> None:
    data = called(15)
    write_annotated(data[::-1].copy(), store)  # rows are matched by name, in any order
    restored = spatialdata.read_zarr(store)
    table = restored.tables["table"]
    assert set(restored.shapes) == {"cells"}
    assert list(restored.tables) == ["table"]
    assert table.obs_names.tolist() == data.obs_names.tolist()
    assert table.obs[columns.CELL_TYPE].tolist() == data.obs[columns.CELL_TYPE].tolist()
    np.testing.assert_allclose(table.obsm[columns.DECISION_SCORES], data.obsm[columns.DECISION_SCORES])
    assert table.uns["spatialdata_attrs"]["region"] == "cells"
    assert table.uns[columns.MANIFEST]["n_cells"] == 15
    write_annotated(data, store)  # a second time
    assert list(spatialdata.read_zarr(store).tables) == ["table"]


def test_calls_of_other_cells(store: Path) -> None:
    with pytest.raises(InputError, match="has other cells"):
        write_annotated(called(14), store)
    with pytest.raises(InputError, match="has other cells"):
        write_annotated(called(15, seed=3), store)


def test_unknown_table(store: Path) -> None:
    with pytest.raises(InputError, match="has the tables table"):
        read_spatialdata(store, table="cells")


def test_a_damaged_chunk(store: Path) -> None:
    chunks = [file for file in (store / "tables" / "table" / "X").rglob("*") if file.is_file()]
    values = [file for file in chunks if file.name not in ("zarr.json", ".zarray", ".zattrs", ".zgroup")]
    values[0].write_bytes(b"xx")
    with pytest.raises(InputError, match="cannot be read: damaged"):
        read_spatial(store)


def test_a_store_without_a_table(tmp_path: Path) -> None:
    from spatialdata.models import PointsModel

    points = PointsModel.parse(np.zeros((3, 2)))
    spatialdata.SpatialData(points={"transcripts": points}).write(tmp_path / "a.zarr")
    with pytest.raises(InputError, match=r"has no table of cells \(it has points\)"):
        read_spatial(tmp_path / "a.zarr")
