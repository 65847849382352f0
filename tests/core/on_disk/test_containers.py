"""Open HDF5 and zarr files, and errors for files that cannot be opened."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr

from spatialcore.core.on_disk.containers import damaged, open_store
from spatialcore.errors import FileMissingError, InputError


def write_zarr(path: Path) -> None:
    zarr.open_group(path, mode="w").create_array("x", data=np.array([1, 2, 3]))


def write_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = [1, 2, 3]


def write_zipped_zarr(path: Path) -> None:
    write_zarr(path.with_suffix(""))
    shutil.make_archive(str(path.with_suffix("")), "zip", path.with_suffix(""))


@pytest.mark.parametrize(
    ("name", "write"), [("a.h5ad", write_hdf5), ("a.zarr", write_zarr), ("a.zarr.zip", write_zipped_zarr)]
)
def test_open_store(name, write, tmp_path):
    write(tmp_path / name)
    assert list(open_store(tmp_path / name)["x"][:]) == [1, 2, 3]


def test_missing_file(tmp_path):
    with pytest.raises(FileMissingError, match=r"no file at .*absent\.h5ad"):
        open_store(tmp_path / "absent.h5ad")


@pytest.mark.parametrize("name", ["a.h5ad", "a.zarr.zip"])
def test_file_with_other_content(name, tmp_path):
    (tmp_path / name).write_text("text")
    with pytest.raises(InputError, match="cannot be read: damaged, or not an AnnData file"):
        open_store(tmp_path / name)


def test_input_errors_are_returned_unchanged(tmp_path):
    error = InputError("a")
    assert damaged(tmp_path, error) is error
