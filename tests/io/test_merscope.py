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
