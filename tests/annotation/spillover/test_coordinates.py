"""The unit of coordinates, groups of cells, and coordinates without neighbours."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spatialcore.annotation.spillover.coordinates import coordinate_unit, groups_of, unusable_coordinates

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
