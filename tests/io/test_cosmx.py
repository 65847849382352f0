"""CosMx flat files."""

from pathlib import Path

import numpy as np
import pytest

from spatialcore.columns import SOURCE
from spatialcore.io import read_spatial
from tests.io.bundles import assert_same, sample, write_cosmx


@pytest.mark.parametrize(("named", "gzipped"), [(False, False), (True, False), (False, True)])
def test_counts_coordinates_and_names(tmp_path: Path, named: bool, gzipped: bool) -> None:
    data = sample(40, 9)
    read = read_spatial(write_cosmx(tmp_path / "flat", data, named=named, gzipped=gzipped))
    prefix = "c_1_" if named else ""
    assert_same(read, data, [f"{prefix}{i // 7 + 1}_{i % 7 + 1}" for i in range(40)])
    assert read.uns[SOURCE]["unit"] == "px"


def test_pixel_size_from_areas(tmp_path: Path) -> None:
    data = sample(10, 4)
    read = read_spatial(write_cosmx(tmp_path / "flat", data, um=True))
    np.testing.assert_allclose(read.obsm["spatial"], data.obsm["spatial"] * 0.12028)
    assert read.uns[SOURCE]["unit"] == "µm"
