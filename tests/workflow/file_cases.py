"""Files in older formats and of other programs."""

import gzip
import shutil
import zipfile
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scanpy as sc

from tests.workflow.cases import Case, N, case, query_file, reference_file
from tests.workflow.tissue import query, reference


@case
def legacy_files(folder: Path) -> Case:
    adata = reference()
    types = pd.Categorical(adata.obs["cell_type"])
    path = folder / "ref.h5ad"
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as out:
        group = out.create_group("X")
        for key in ("data", "indices", "indptr"):
            group[key] = getattr(adata.X, key)
        group.attrs["h5sparse_format"], group.attrs["h5sparse_shape"] = "csr", np.array(adata.shape)
        rows = list(zip([n.encode() for n in adata.obs_names], types.codes, strict=True))
        out["obs"] = np.array(rows, dtype=[("index", "S40"), ("cell_type", "i1")])
        out["var"] = np.array([(n.encode(), 1.0) for n in adata.var_names], dtype=[("index", "S40"), ("n", "f8")])
        out.create_group("uns")["cell_type_categories"] = np.array([c.encode() for c in types.categories])
    return query_file(folder), str(path), N


@case
def raw_with_names_in_a_column(folder: Path) -> Case:
    adata = query()
    adata.raw = adata.copy()
    sc.pp.scale(adata)
    path = Path(query_file(folder, adata))
    with h5py.File(path, "a") as out:
        frame, text = out["raw/var"], h5py.string_dtype()
        names = frame[frame.attrs["_index"]][:]
        del frame[frame.attrs["_index"]]
        for key, values in (("row", [str(i) for i in range(len(names))]), ("_index", names)):
            dataset = frame.create_dataset(key, data=np.array(values, dtype=object), dtype=text)
            dataset.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
        frame.attrs["_index"], frame.attrs["column-order"] = "row", np.array(["_index"], dtype=object)
    return str(path), reference_file(folder), N


def _write_zarr(folder: Path, version: int) -> Path:
    path = folder / f"v{version}" / "ref.zarr"
    path.parent.mkdir(parents=True, exist_ok=True)
    with ad.settings.override(zarr_write_format=version):
        reference().write_zarr(path)
    return path


def _zip(path: Path, top: str = "") -> str:
    target = path.with_suffix(".zarr.zip")
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(each for each in path.rglob("*") if each.is_file()):
            archive.write(file, top + file.relative_to(path).as_posix())
    return str(target)


@case
def zarr_of_format_2(folder: Path) -> Case:
    return query_file(folder), str(_write_zarr(folder, 2)), N


@case
def zarr_of_format_3(folder: Path) -> Case:
    return query_file(folder), str(_write_zarr(folder, 3)), N


@case
def zipped_zarr_of_format_2(folder: Path) -> Case:
    return query_file(folder), _zip(_write_zarr(folder, 2)), N


@case
def zipped_zarr_of_format_3_in_a_folder(folder: Path) -> Case:
    return query_file(folder), _zip(_write_zarr(folder, 3), "ref.zarr/"), N


@case
def zipped_query(folder: Path) -> Case:
    path = folder / "query.zarr"
    query().write_zarr(path)
    return _zip(path), reference_file(folder), N


@case
def gzipped_h5ad(folder: Path) -> Case:
    path = Path(query_file(folder))
    with gzip.open(f"{path}.gz", "wb") as out, path.open("rb") as source:
        shutil.copyfileobj(source, out)
    return f"{path}.gz", reference_file(folder), "a compressed file"
