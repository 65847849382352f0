"""Open AnnData files whose matrices are larger than memory should hold: the values stay in the file.

A sparse matrix is then anndata's ``CSRDataset``. Rows are read on access, and written by copying.
"""

from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from anndata import AnnData
from anndata.abc import CSRDataset
from anndata.experimental import read_dispatched
from anndata.io import sparse_dataset

from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.on_disk.containers import READ_ERRORS, damaged, open_store
from spatialcore.core.types import StoredGroup

LARGE: Final = 32_000_000  # stored values, 256 MB in memory
COPIED: Final = 4_000_000


def has_large_matrix(path: Path) -> bool:
    """Return whether an h5ad file or zarr folder has a matrix of ``LARGE`` or more values, compressed by rows."""
    if not (path.is_dir() or h5py.is_hdf5(path)):
        return False
    store = open_store(path)
    layers = list(store["layers"].keys()) if "layers" in store else []
    keys = ["X", "raw/X", *(f"layers/{name}" for name in layers)]
    groups = [store[key] for key in keys if key in store]
    return any(_is_csr(group) and group["data"].shape[0] >= LARGE for group in groups)


def open_anndata(path: Path) -> AnnData:
    """Read an h5ad file or zarr folder; X, layers and raw.X that are compressed by rows stay in the file.

    Raises
    ------
    InputError
        The file is damaged.
    """
    with AnnDataFile(path) as file:
        file.require_elements()
    try:
        adata: AnnData = read_dispatched(open_store(path), _leave_matrices)
    except READ_ERRORS as error:
        raise damaged(path, error) from error
    return adata


def _leave_matrices(read: Any, key: str, element: Any, *, iospec: Any) -> Any:
    name = key.strip("/")
    is_matrix = name in ("X", "raw/X") or name.startswith("layers/")
    return sparse_dataset(element) if is_matrix and _is_csr(element) else read(element)


def use_matrices_of(path: Path, adata: AnnData) -> AnnData:
    """Replace X, layers and raw.X of data that were written to an h5ad file by the matrices in the file, in place.

    Returns
    -------
    AnnData
        The same data, with the matrices that are compressed by rows in the file.
    """
    store = open_store(path)
    if _is_csr(store["X"]):
        adata.X = sparse_dataset(store["X"])
    for name in adata.layers:
        if _is_csr(store[f"layers/{name}"]):
            adata.layers[name] = sparse_dataset(store[f"layers/{name}"])
    if adata.raw is not None and _is_csr(store["raw/X"]):
        raw = AnnData(sparse_dataset(store["raw/X"]), adata.obs[[]], adata.raw.var, varm=dict(adata.raw.varm))
        adata.raw = raw
    return adata


def _is_csr(element: StoredGroup) -> bool:
    return (
        dict(getattr(element, "attrs", {})).get("encoding-type") == "csr_matrix"
        and element["data"].dtype != np.float16  # scipy has no such matrices
        and element["data"].dtype.isnative
    )


def copy_matrix(matrix: CSRDataset, target: Any, key: str, dataset_kwargs: dict[str, Any]) -> None:
    """Copy a matrix from its file into a group of another, in blocks; between HDF5 files as the bytes that they are."""
    source = matrix.group
    if isinstance(source, h5py.Group) and isinstance(target, h5py.Group):
        source.copy(source, target, name=key)
        return
    group = target.create_group(key)
    group.attrs.update(dict(source.attrs))
    for name in ("data", "indices", "indptr"):
        _copy_array(source[name], group, name, dataset_kwargs)


def _copy_array(source: Any, group: Any, name: str, dataset_kwargs: dict[str, Any]) -> None:
    array = group.create_array if hasattr(group, "create_array") else group.create_dataset
    target = array(name, shape=source.shape, dtype=source.dtype, **dataset_kwargs)
    for first in range(0, source.shape[0], COPIED):
        target[first : first + COPIED] = source[first : first + COPIED]
