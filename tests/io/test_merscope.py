"""MERSCOPE regions."""

from pathlib import Path

import pytest

from spatialcore.io import read_spatial
from tests.io.bundles import assert_same, merscope_ids, sample, write_merscope


@pytest.mark.parametrize("first", ["", "cell", "EntityID"])
def test_identifiers_with_18_digits(tmp_path: Path, first: str) -> None:
    data = sample(30, 5)
    read = read_spatial(write_merscope(tmp_path / "region_0", data, first=first))
    assert_same(read, data, merscope_ids(30))


def test_names_of_the_public_data_sets(tmp_path: Path) -> None:
    data = sample(20, 5)
    folder = write_merscope(tmp_path / "region", data)
    for name in ("cell_by_gene", "cell_metadata"):
        (folder / f"{name}.csv").rename(folder / f"datasets_mouse_Slice1_{name}_S1R1.csv")
    assert_same(read_spatial(folder), data, merscope_ids(20))
