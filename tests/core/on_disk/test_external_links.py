"""Files that include parts of other files, or could execute code, are refused."""

import gzip
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import zarr

from spatialcore.annotation.acquisition import acquire_reference
from spatialcore.annotation.loading import load_adata_backed
from spatialcore.annotation.references.taxonomy_stats import (
    REQUIRED,
    is_taxonomy_stats,
    level_names,
    read_taxonomy_stats,
)
from spatialcore.core.on_disk import containers
from spatialcore.core.on_disk.containers import refuse_external_links
from spatialcore.errors import InputError
from spatialcore.io import read_spatial
from spatialcore.io.tenx import read_tenx_h5
from spatialcore.workflow.dataset import summarize_dataset
from tests.io.bundles import sample, write_xenium

SECRET = "root:x:0:0"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "secret.h5"
    path.parent.mkdir()
    with h5py.File(path, "w") as file:
        file["x"] = np.array([SECRET] * 3, dtype=h5py.string_dtype())
    (path.parent / "passwd").write_bytes(SECRET.encode() * 3)
    return path


def cells() -> ad.AnnData:
    obs = pd.DataFrame({"cell_type": ["a", "b", "a"]}, index=["c1", "c2", "c3"])
    return ad.AnnData(np.eye(3, dtype=np.float32), obs=obs)


def external_link(file: h5py.File, secret: Path) -> None:
    file["obs"]["stolen"] = h5py.ExternalLink(str(secret), "/x")


def external_storage(file: h5py.File, secret: Path) -> None:
    passwd = secret.with_name("passwd")
    file["obs"].create_dataset("stolen", shape=(3,), dtype="S10", external=[(str(passwd), 0, 30)])


def virtual(file: h5py.File, secret: Path) -> None:
    layout = h5py.VirtualLayout(shape=(3,), dtype=h5py.string_dtype())
    layout[:] = h5py.VirtualSource(str(secret), "x", shape=(3,))
    file["obs"].create_virtual_dataset("stolen", layout)


def deep_link(file: h5py.File, secret: Path) -> None:
    file.create_group("uns/a/b/c")["stolen"] = h5py.ExternalLink(str(secret), "/x")


CHANGES = [external_link, external_storage, virtual, deep_link]
Change = Callable[[h5py.File, Path], None]


@pytest.fixture(params=CHANGES)
def file_with_link(request: pytest.FixtureRequest, tmp_path: Path, secret: Path) -> Path:
    change: Change = request.param
    path = tmp_path / "hostile.h5ad"
    cells().write_h5ad(path)
    with h5py.File(path, "a") as file:
        change(file, secret)
    return path


def test_a_file_with_external_parts_is_refused_by_all_readers(file_with_link: Path, tmp_path: Path) -> None:
    output = tmp_path / "stored.h5ad"
    for read in (
        refuse_external_links,
        read_spatial,
        lambda path: load_adata_backed(path),
        lambda path: acquire_reference(str(path), output),
    ):
        with pytest.raises(InputError, match=r"stolen .*(external|virtual)") as error:
            read(file_with_link)
        assert SECRET not in str(error.value)
    assert not output.exists()
    assert file_with_link.exists(), "the source is not deleted"


def test_a_file_that_is_also_a_zip_is_checked_as_both(file_with_link: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(file_with_link, "a") as archive:  # appended: HDF5 is read from the start, a zip from the end
        archive.writestr("readme.txt", "a zip")
    assert zipfile.is_zipfile(file_with_link)
    assert h5py.is_hdf5(file_with_link)
    for read in (refuse_external_links, summarize_dataset, load_adata_backed):
        with pytest.raises(InputError, match="stolen"):
            read(file_with_link)
    with pytest.raises(InputError, match="stolen"):
        acquire_reference(str(file_with_link), str(tmp_path / "store" / "r.h5ad"))
    assert not (tmp_path / "store" / "r.h5ad").exists()


@pytest.mark.parametrize("name", ["cell_feature_matrix.h5", ""], ids=["matrix", "folder of a Xenium"])
def test_a_matrix_with_external_parts_in_an_output_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = write_xenium(tmp_path / "output", sample(40, 6))
    with h5py.File(tmp_path / "elsewhere.h5", "w") as file:
        file["data"] = np.full(10_000, 7)
    with h5py.File(folder / "cell_feature_matrix.h5", "a") as file:
        del file["matrix/data"]
        file["matrix/data"] = h5py.ExternalLink(str(tmp_path / "elsewhere.h5"), "/data")
    with pytest.raises(InputError, match="/matrix/data is an external link"):
        read_spatial(folder / name)


def test_a_taxonomy_with_external_parts_is_refused(tmp_path: Path, secret: Path) -> None:
    path = tmp_path / "precomputed_stats.h5"
    with h5py.File(path, "w") as file:
        for name in REQUIRED:
            file[name] = h5py.ExternalLink(str(secret), "/x")
    for read in (level_names, lambda path: read_taxonomy_stats(path, "class")):
        with pytest.raises(InputError, match="is an external link"):
            read(path)
    assert not is_taxonomy_stats(path)


def test_links_inside_a_file_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "linked.h5ad"
    cells().write_h5ad(path)
    with h5py.File(path, "a") as file:
        file["obs/alias"] = h5py.SoftLink("/obs/cell_type")
        file["uns/hard"] = file["obs"]
        file["obs/itself"] = file["obs"]
        layout = h5py.VirtualLayout(shape=(3,), dtype="f4")
        layout[:] = h5py.VirtualSource(".", "X", shape=(3, 3))[0]
        file.create_virtual_dataset("uns/inner", layout)
    refuse_external_links(path)


@pytest.mark.parametrize("target", ["secret.h5", "."])
def test_a_zarr_store_with_an_external_link_is_refused(tmp_path: Path, secret: Path, target: str) -> None:
    path = tmp_path / "hostile.zarr"
    cells().write_zarr(path)
    refuse_external_links(path)
    (path / "obs" / "stolen").symlink_to(secret.parent / target)
    with pytest.raises(InputError, match=r"obs/stolen is a link out of the folder"):
        read_spatial(path)
    with pytest.raises(InputError, match=r"obs/stolen is a link out of the folder"):
        load_adata_backed(path)


def test_a_link_inside_a_zarr_store_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "linked.zarr"
    zarr.open_group(path, mode="w").create_array("a", data=np.arange(3))
    (path / "b").symlink_to(path / "a")
    refuse_external_links(path)


@pytest.mark.parametrize("content", [b"<!DOCTYPE html><title>Not found</title>", b"", b"\x89HDF\r\n\x1a\n garbage"])
def test_files_stored_as_h5ad_are_checked_by_content(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "download"  # a URI may have any suffix
    source.write_bytes(content)
    output = tmp_path / "stored.h5ad"
    with pytest.raises(InputError):
        acquire_reference(str(source), output)
    assert not output.exists()
    cells().write_h5ad(source)
    assert Path(acquire_reference(str(source), output)).exists()


def test_a_matrix_without_obs_is_not_stored_as_h5ad(tmp_path: Path, secret: Path) -> None:
    with pytest.raises(InputError, match="has no obs and var"):
        acquire_reference(str(secret), tmp_path / "stored.h5ad")


def test_a_compressed_matrix_is_read_and_checked_as_well(tmp_path: Path) -> None:
    folder = write_xenium(tmp_path / "output", sample(40, 6))
    matrix = folder / "cell_feature_matrix.h5"
    packed = tmp_path / "matrix.h5.gz"
    packed.write_bytes(gzip.compress(matrix.read_bytes()))
    assert read_tenx_h5(packed).n_obs == 40
    with h5py.File(matrix, "a") as file:
        del file["matrix/data"]
        file["matrix/data"] = h5py.ExternalLink(str(packed), "/data")
    packed.write_bytes(gzip.compress(matrix.read_bytes()))
    with pytest.raises(InputError, match="/matrix/data is an external link"):
        read_tenx_h5(packed)


class Marker:
    """An object that creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def with_pickled_array(folder: Path, marker: Path, *, filters: str) -> Path:
    """Write a zarr store of format 2 with an array whose chunk executes code when it is unpickled."""
    ad.settings.zarr_write_format = 2
    try:
        cells().write_zarr(folder)
    finally:
        ad.settings.reset("zarr_write_format")
    (folder / ".zmetadata").unlink(missing_ok=True)
    array = folder / "uns" / "objects"
    array.mkdir(parents=True)
    about = {"zarr_format": 2, "shape": [3], "chunks": [3], "dtype": "|O", "compressor": None, "fill_value": None}
    text = json.dumps({**about, "order": "C", "filters": "FILTERS"}).replace('"FILTERS"', filters)
    (array / ".zarray").write_text(text)
    (array / "0").write_bytes(pickle.dumps(Marker(marker)))
    return folder


@pytest.mark.parametrize(
    "filters",
    ['[{"id": "pickle"}]', '[{"id": "vlen-utf8"}, {"id": "pickle"}]', r'[{"id": "vlen-utf8"}, {"id": "\u0070ickle"}]'],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_zarr_array_of_pickled_objects_is_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filters: str, *, zipped: bool
) -> None:
    monkeypatch.setattr(
        "numcodecs.pickles.Pickle.decode", lambda _, data, out=None: pickle.loads(data)
    )  # older versions do
    marker = tmp_path / "has run"
    path = with_pickled_array(tmp_path / "hostile.zarr", marker, filters=filters)
    if zipped:
        path = Path(shutil.make_archive(str(path), "zip", path))
    for read in (refuse_external_links, load_adata_backed, read_spatial, lambda path: summarize_dataset(path).cells):
        with pytest.raises(InputError, match=r"uns/objects/\.zarray: values are pickled objects"):
            read(path)
    assert not marker.exists()
    assert pickle.loads((tmp_path / "hostile.zarr/uns/objects/0").read_bytes()) is None
    assert marker.exists(), "the object creates the file"


def test_deeply_nested_groups_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.h5ad"
    cells().write_h5ad(path)
    with h5py.File(path, "a") as file:
        group = file["uns"]
        for _ in range(3000):
            group = group.create_group("g")
    with pytest.raises(InputError, match="cannot be read"):
        read_spatial(path)


@pytest.mark.parametrize("folder", [True, False])
def test_pipes_are_never_opened(tmp_path: Path, folder: bool) -> None:
    path = tmp_path / "cells.zarr"
    if folder:
        cells().write_zarr(path)
        os.mkfifo(path / "obs" / ".zarray")
    else:
        os.mkfifo(path)
    with pytest.raises(InputError, match="pipe or a device"):
        summarize_dataset(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_description_larger_than_memory_is_refused(
    tmp_path: Path, zipped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "MAX_METADATA_BYTES", 10_000)
    path = tmp_path / "cells.zarr"
    cells().write_zarr(path)
    (path / "obs" / ".zmetadata").write_text(" " * 20_000 + "{}")
    if zipped:
        path = Path(shutil.make_archive(str(path), "zip", path))
    with pytest.raises(InputError, match="has 0 MB, expected at most 0"):
        refuse_external_links(path)
