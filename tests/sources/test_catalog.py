"""Data sets with a short key."""

import re

import pytest

from spatialcore.errors import InputError
from spatialcore.sources import list_available_datasets
from spatialcore.sources.catalog import Dataset, find_dataset


def test_keys_of_the_specification() -> None:
    table = list_available_datasets().set_index("dataset_key")
    keys = ["healthy_human_liver", "colon_immune_niches", "human_lung_cell_atlas", "lung_covid"]
    assert table.loc[keys, "tissue"].tolist() == ["liver", "colon", "lung", "lung"]
    assert table["dataset_id"].is_unique
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name) for name in table["dataset_id"])


def test_misspelt_key() -> None:
    with pytest.raises(InputError, match="human_lung_cell_atlas"):
        find_dataset("human_lung_atlas")


def test_invalid_id() -> None:
    with pytest.raises(InputError, match="invalid CELLxGENE data set id"):
        Dataset("x", "lung", "x", "f72958f5")
