"""The data sets with a key."""

import re

import pytest

from spatialcore.errors import InputError
from spatialcore.sources import list_available_datasets, open_source
from spatialcore.sources.catalog import Dataset, find_dataset


def test_the_keys_of_the_specification_are_there() -> None:
    table = list_available_datasets().set_index("dataset_key")
    keys = ["healthy_human_liver", "colon_immune_niches", "human_lung_cell_atlas", "lung_covid"]
    assert table.loc[keys, "tissue"].tolist() == ["liver", "colon", "lung", "lung"]
    assert table["dataset_id"].is_unique
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name) for name in table["dataset_id"])


def test_a_misspelt_key_gets_near_matches() -> None:
    with pytest.raises(InputError, match="human_lung_cell_atlas"):
        find_dataset("human_lung_atlas")


def test_a_malformed_id_is_refused() -> None:
    with pytest.raises(InputError, match="no CELLxGENE data set id"):
        Dataset("x", "lung", "x", "f72958f5")


def test_unknown_schemes_and_options() -> None:
    with pytest.raises(InputError, match="cellxgene"):
        open_source("cellxgen://x")
    with pytest.raises(InputError, match="max_cells"):
        open_source("/data/a.h5ad", max_cells=3)
