"""Elements that anndata cannot read are reported before anything is read; other elements are accepted."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.errors import InputError
from spatialcore.io import read_spatial
from spatialcore.workflow.inspect import inspect_data


@pytest.fixture
def path(tmp_path: Path) -> Path:
    counts = sp.csr_matrix(np.random.default_rng(0).poisson(2, (20, 4)).astype(np.float32))
    adata = ad.AnnData(counts, var=pd.DataFrame(index=["CD3E", "CD4", "CD8A", "MS4A1"]))
    adata.obs_names = [f"c{i}" for i in range(20)]
    adata.layers["dense"], adata.layers["csc"] = counts.toarray(), counts.tocsc()
    adata.obsm["frame"] = pd.DataFrame({"x": np.arange(20)}, index=adata.obs_names)
    adata.obsm["X_pca"] = np.zeros((20, 3))
    adata.obsp["distances"] = sp.csr_matrix((20, 20))
    adata.varm["PCs"] = np.zeros((4, 3))
    adata.uns = {"text": "a", "nested": {"list": ["a", "b"], "number": 3, "frame": pd.DataFrame({"a": [1]})}}
    adata.write_h5ad(tmp_path / "cells.h5ad")
    return tmp_path / "cells.h5ad"


def test_all_elements_written_by_anndata_are_accepted(path: Path, tmp_path: Path) -> None:
    for version in (2, 3):
        with ad.settings.override(zarr_write_format=version):
            ad.read_h5ad(path).write_zarr(tmp_path / f"v{version}.zarr")
    for file in (path, tmp_path / "v2.zarr", tmp_path / "v3.zarr"):
        with AnnDataFile(file) as opened:
            opened.require_elements()


def put(name: str, encoding: str, values: Any = None, **attributes: Any) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        element = file.create_group(name) if values is None else file.create_dataset(name, data=values)
        element.attrs.update({"encoding-type": encoding, "encoding-version": "0.2.0", **attributes})

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("uns/odd", "alien"), "uns['odd'] has an encoding that is not supported here (alien)"),
        (put("obsm/odd", "alien"), "obsm['odd'] has an encoding that is not supported here (alien)"),
        (put("obsm/X_umap", "array", np.zeros((13, 2))), "obsm['X_umap'] has 13 x 2 values, obs and var have 20"),
        (put("layers/odd", "array", np.zeros((20, 7))), "layers['odd'] has 20 x 7 values, obs and var have 20 x 4"),
        (put("varm/odd", "array", np.zeros((5, 7))), "varm['odd'] has 5 x 7 values, obs and var have 4"),
    ],
)
def test_other_elements_are_refused_with_their_name(
    change: Callable[[h5py.File], None], message: str, path: Path
) -> None:
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(InputError) as error:
        read_spatial(path)
    assert message in error.value.message
    assert message in inspect_data(path).query


@pytest.mark.skipif(find_spec("awkward") is not None, reason="awkward is installed: it can be read")
def test_awkward_arrays_need_their_package(path: Path) -> None:
    with h5py.File(path, "a") as file:
        put("obsm/polygons", "awkward-array", form="{}", length=20)(file)
        file["obsm/polygons"].attrs["encoding-version"] = "0.1.0"
    with pytest.raises(InputError, match=r"not supported here \(awkward-array\)"):
        read_spatial(path)
