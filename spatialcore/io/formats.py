"""Supported input formats: how each is recognised, and its reader."""

from pathlib import Path

from anndata import AnnData

from spatialcore.core.on_disk.system_errors import reading, unreadable
from spatialcore.errors import FileMissingError
from spatialcore.io import anndata_files, cosmx, merscope, spatialdata_store, tenx, xenium
from spatialcore.io.flat_files import find_one, note_source
from spatialcore.io.recognition.format import Format
from spatialcore.io.recognition.unknown_format import unknown_format


def _is_tenx_file(path: Path) -> bool:
    return path.is_file() and tenx.is_tenx_h5(path)


def _read_tenx_file(path: Path) -> AnnData:
    return note_source(tenx.read_tenx_h5(path), reader="10x-h5", platform="")


def _is_mex(path: Path) -> bool:
    """Return whether a folder has the three files of a matrix, and is not a part of a Xenium output folder."""
    has_parts = tenx.is_mex(path) and find_one(path, tenx.BARCODES) and find_one(path, tenx.FEATURES)
    return bool(has_parts) and not xenium.is_xenium(path.parent)


def _read_mex(path: Path) -> AnnData:
    return note_source(tenx.read_mex(path), reader="10x-mex", platform="")


FORMATS = (
    Format("AnnData .h5ad", "an HDF5 file with obs and var", anndata_files.is_h5ad, anndata_files.read_h5ad),
    Format("10x .h5", "an HDF5 file with matrix/{data,indices,indptr,barcodes}", _is_tenx_file, _read_tenx_file),
    Format(
        "SpatialData .zarr",
        "a zarr folder with the attribute spatialdata_attrs",
        spatialdata_store.is_spatialdata,
        spatialdata_store.read_spatialdata,
    ),
    Format(
        "AnnData .zarr",
        "a zarr folder, or a zip of one, with the attribute encoding-type anndata",
        anndata_files.is_anndata_zarr,
        anndata_files.read_anndata_zarr,
    ),
    Format("Xenium output folder", xenium.REQUIRED, xenium.is_xenium, xenium.read_xenium),
    Format("10x MEX folder", "matrix.mtx, features.tsv and barcodes.tsv (also .gz)", _is_mex, _read_mex),
    Format("CosMx flat files", cosmx.REQUIRED, cosmx.is_cosmx, cosmx.read_cosmx),
    Format("MERSCOPE region", merscope.REQUIRED, merscope.is_merscope, merscope.read_merscope),
)


def identify(path: str | Path) -> Format:
    """Return the format of a file or folder.

    Parameters
    ----------
    path
        A file or a folder.

    Returns
    -------
    Format
        The format, with its reader.

    Raises
    ------
    FileMissingError
        The path does not exist.
    InputError
        The format is not supported; the error states what the file or folder is, and what to pass instead.

    Examples
    --------
    >>> import anndata, numpy as np, tempfile
    >>> from spatialcore.io import identify
    >>> path = f"{tempfile.mkdtemp()}/cells.h5ad"
    >>> anndata.AnnData(np.ones((3, 2))).write_h5ad(path)
    >>> identify(path).name
    'AnnData .h5ad'
    """
    location = Path(path).expanduser()
    with reading(location):
        exists = location.exists()
    if not exists:
        raise FileMissingError(f"no such file or folder: {location}", hint="check the path; pass remote files as URIs")
    try:
        file_format = next((entry for entry in FORMATS if entry.recognises(location)), None)
    except OSError as error:  # a truncated HDF5 file, or no permission
        raise unreadable(location, error, "damaged or truncated") from error
    if file_format is None:
        raise unknown_format(location, FORMATS)
    return file_format
