"""The unit of coordinates, groups of cells, and coordinates without neighbours."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy.spatial import cKDTree

from spatialcore.annotation.spillover.coordinates import (
    coordinate_unit,
    coordinates_by_sample,
    groups_of,
    unusable_coordinates,
)

N = 200


def scattered(dimensions: int = 2) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 100, (N, dimensions))


@pytest.mark.parametrize(
    ("source", "unit"),
    [(None, ""), ({"unit": "micron"}, "µm"), ({"unit": " PX "}, "px"), ({"unit": "mm"}, "mm"), ("xenium", "")],
)
def test_units_are_written_in_one_way(source: object, unit: str) -> None:
    adata = AnnData(np.zeros((2, 1)))
    if source is not None:
        adata.uns["spatialcore_source"] = source
    assert coordinate_unit(adata) == unit


def test_groups_are_read_from_columns_of_samples_and_fields() -> None:
    obs = pd.DataFrame({"FOV": np.repeat(["1", "2"], 50), "sample": np.tile(np.repeat(["a", "b"], 25), 2)})
    assert len(np.unique(groups_of(obs))) == 4
    assert (groups_of(pd.DataFrame({"batch": [f"{i}" for i in range(100)]})) == 0).all()  # one value per cell


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        (None, "no coordinates"),
        (np.zeros((N, 4)), "shape"),
        (np.zeros((N, 2)), "coordinates of another cell"),
        (np.full((N, 2), np.nan), "0 cells with coordinates"),
        (scattered(), ""),
        (scattered(3), ""),
    ],
)
def test_unusable_coordinates_give_a_reason(places: np.ndarray | None, reason: str) -> None:
    adata = AnnData(np.ones((N, 2)), obsm={} if places is None else {"spatial": places})
    result = unusable_coordinates(adata)
    assert reason in result
    assert bool(result) == bool(reason)


def test_samples_with_overlapping_coordinates_are_apart() -> None:
    sample = np.tile(["b", "a"], N // 2)
    adata = AnnData(np.ones((N, 1)), obs=pd.DataFrame({"Sample_ID": sample}, index=[f"{i}" for i in range(N)]))
    adata.obsm["spatial"] = scattered()
    apart = coordinates_by_sample(adata)
    assert apart is not None
    nearest = cKDTree(apart).query(apart, 31)[1]
    assert (sample[nearest] == sample[:, None]).all()
    within = sample == "a"
    np.testing.assert_allclose(np.diff(apart[within], axis=0), np.diff(scattered()[within], axis=0))


def test_fields_of_view_are_not_moved() -> None:
    adata = AnnData(np.ones((N, 1)), obs=pd.DataFrame({"fov": np.tile(["1", "2"], N // 2)}))
    adata.obsm["spatial"] = scattered()
    np.testing.assert_array_equal(coordinates_by_sample(adata), scattered())
