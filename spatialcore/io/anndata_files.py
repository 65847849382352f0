"""Read and write AnnData files: .h5ad and .zarr."""

import json
from pathlib import Path
from typing import Any, Final

import h5py
from anndata import AnnData

from spatialcore.columns import SOURCE
from spatialcore.errors import InputError
from spatialcore.io.flat_files import note_source

SHUFFLED: Final = {"array", "csr_matrix", "csc_matrix"}  # AnnData's encodings of numbers
EFFORT: Final = {"compression": "gzip", "compression_opts": 2}


def is_h5ad(path: Path) -> bool:
    """Return whether a file is an HDF5 file with obs and var."""
    if not path.is_file() or not h5py.is_hdf5(path):
        return False
    with h5py.File(path) as store:
        return {"obs", "var"} <= set(store)


def is_anndata_zarr(path: Path) -> bool:
    """Return whether a folder is a zarr group with an AnnData object."""
    return zarr_attributes(path).get("encoding-type") == "anndata"


def is_zarr(path: Path) -> bool:
    """Say whether a folder is a zarr group of either format."""
    return any((path / name).is_file() for name in ("zarr.json", ".zgroup"))


def zarr_attributes(path: Path) -> dict[str, object]:
    """Return the attributes of a zarr group (format 2 or 3); an empty dict if there is no group."""
    if (path / "zarr.json").is_file():
        attributes = json.loads((path / "zarr.json").read_text()).get("attributes", {})
    elif (path / ".zattrs").is_file():
        attributes = json.loads((path / ".zattrs").read_text())
    else:
        attributes = {}
    return dict(attributes)


def read_h5ad(path: Path) -> AnnData:
    """Read an h5ad file."""
    import anndata

    return _named(anndata.read_h5ad(path), "h5ad", path)


def write_h5ad(adata: AnnData, path: Path) -> None:
    """Write an h5ad file with gzip and the shuffle filter.

    Every HDF5 library reads this filter. Counts are 10 to 25 % smaller, written in two thirds of the time of
    :meth:`anndata.AnnData.write_h5ad` with gzip, which has no option for it.
    """
    from anndata.experimental import write_dispatched

    adata.strings_to_categoricals()  # as AnnData's own writer does
    if adata.raw is not None:
        adata.strings_to_categoricals(adata.raw.var)
    with h5py.File(path, "w") as file:
        write_dispatched(file, "/", adata, _shuffled, dataset_kwargs=EFFORT)


def _shuffled(write: Any, group: Any, key: str, value: Any, *, dataset_kwargs: Any, iospec: Any) -> None:
    shuffle = {"shuffle": True} if iospec.encoding_type in SHUFFLED and getattr(value, "ndim", 1) > 0 else {}
    write(group, key, value, dataset_kwargs={**dataset_kwargs, **shuffle})


def read_anndata_zarr(path: Path) -> AnnData:
    """Read an AnnData zarr folder."""
    import anndata

    return _named(anndata.read_zarr(path), "anndata-zarr", path)


def _named(adata: AnnData, reader: str, path: Path) -> AnnData:
    if adata.n_vars == 0:
        raise InputError(f"{path} has no features", hint="pass a file with counts")
    # files written by this package keep the source of the first reader
    return adata if SOURCE in adata.uns else note_source(adata, reader=reader, platform="")
