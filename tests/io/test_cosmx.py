"""CosMx flat files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatialcore.columns import SOURCE
from spatialcore.errors import InputError
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


def changed(folder: Path, file: str, **columns: object) -> Path:
    """Replace columns of one table: a name for a column renames it, None drops it, anything else is its content."""
    path = folder / f"Run1_{file}_file.csv"
    table = pd.read_csv(path)
    for name, value in columns.items():
        if isinstance(value, str):
            table = table.rename(columns={name: value})
        else:
            table = table.drop(columns=name) if value is None else table.assign(**{name: value(table)})  # type: ignore[operator]
    table.to_csv(path, index=False)
    return folder


@pytest.mark.parametrize("names", [("CenterX_global_mm", "CenterY_global_mm"), ("x_slide_mm", "y_slide_mm")])
def test_coordinates_in_mm(names: tuple[str, str], tmp_path: Path) -> None:
    data = sample(10, 4)
    folder = write_cosmx(tmp_path / "flat", data)
    changed(folder, "metadata", CenterX_global_px=names[0], CenterY_global_px=names[1])
    read = read_spatial(folder)
    np.testing.assert_allclose(read.obsm["spatial"], data.obsm["spatial"] * 1000)
    assert read.uns[SOURCE]["unit"] == "µm"


def test_coordinates_within_fields_of_view_are_refused_without_their_positions(tmp_path: Path) -> None:
    folder = write_cosmx(tmp_path / "flat", sample(10, 4))
    with pytest.raises(InputError, match="not those within a field of view, unless \\*_fov_positions_file"):
        read_spatial(changed(folder, "metadata", CenterX_global_px=None))


def test_numbers_with_leading_zeros_in_one_table(tmp_path: Path) -> None:
    data = sample(20, 4)
    folder = write_cosmx(tmp_path / "flat", data, named=True)
    changed(folder, "metadata", fov=lambda table: [f"{number:03d}" for number in table["fov"]])
    assert_same(read_spatial(folder), data, [f"c_1_{i // 7 + 1}_{i % 7 + 1}" for i in range(20)])


def test_matrix_with_names_but_without_fields_of_view(tmp_path: Path) -> None:
    data = sample(20, 4)
    folder = write_cosmx(tmp_path / "flat", data, named=True)
    matrix = folder / "Run1_exprMat_file.csv"
    table = pd.read_csv(matrix)
    table = table[table["cell_ID"] > 0]
    table.insert(0, "cell", [f"c_1_{f}_{c}" for f, c in zip(table["fov"], table["cell_ID"], strict=True)])
    table.drop(columns=["fov", "cell_ID"]).to_csv(matrix, index=False)
    assert_same(read_spatial(folder), data, list(table["cell"]))
    table.drop(columns=["fov", "cell"]).to_csv(matrix, index=False)
    with pytest.raises(InputError, match=r"exprMat_file\.csv has no column fov"):
        read_spatial(folder)


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_names_of_cells_and_columns_in_another_case(case: Callable[[str], str], tmp_path: Path) -> None:
    data = sample(10, 4)
    folder = write_cosmx(tmp_path / "flat", data, named=True)
    table = pd.read_csv(folder / "Run1_metadata_file.csv")
    table.rename(columns=case).to_csv(folder / "Run1_metadata_file.csv", index=False)
    assert_same(read_spatial(folder), data, [f"c_1_{i // 7 + 1}_{i % 7 + 1}" for i in range(10)])
