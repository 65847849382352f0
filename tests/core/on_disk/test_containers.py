"""Open HDF5 and zarr files, and errors for files that cannot be opened."""

import shutil
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pytest
import zarr
from scipy.sparse import csr_matrix

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
    with pytest.raises(InputError, match=r"cannot be read|is a text that begins with"):
        open_store(tmp_path / name)


def test_input_errors_are_returned_unchanged(tmp_path):
    error = InputError("a")
    assert damaged(tmp_path, error) is error


@pytest.mark.parametrize("part", ["data", "indices", "indptr"])
@pytest.mark.parametrize("version", [2, 3])
def test_missing_chunks_of_a_sparse_matrix(part: str, version: int, tmp_path: Path) -> None:
    counts = csr_matrix(np.random.default_rng(0).poisson(1.0, (200, 30)).astype(np.float32))
    root = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=version)
    group = root.create_group("layers/counts")
    for name in ("data", "indices", "indptr"):
        group.create_array(name, data=getattr(counts, name), chunks=(50,))
    assert "layers" in open_store(tmp_path / "a.zarr")
    folder = tmp_path / "a.zarr" / "layers" / "counts" / part
    (folder / "1" if version == 2 else folder / "c" / "1").unlink()
    with pytest.raises(InputError, match=rf"incomplete: 1 of \d+ chunks of /layers/counts/{part} are missing"):
        open_store(tmp_path / "a.zarr")


def test_chunks_that_zarr_does_not_write(tmp_path: Path) -> None:
    one_gene = csr_matrix(np.ones((40, 1), dtype=np.float32))
    ad.AnnData(one_gene, layers={"none": csr_matrix((40, 1), dtype=np.float32)}).write_zarr(tmp_path / "a.zarr")
    assert "X" in open_store(tmp_path / "a.zarr")
