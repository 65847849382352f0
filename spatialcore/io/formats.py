"""Supported input formats: how each is recognised, and its reader."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from anndata import AnnData

from spatialcore.core.text.wording import list_names
from spatialcore.errors import FileMissingError, InputError
from spatialcore.io import anndata_files, cosmx, merscope, spatialdata_store, tenx, xenium
from spatialcore.io.flat_files import find_one, note_source


@dataclass(frozen=True)
class Format:
    """One input format: name, required files, test for a path, and reader."""

    name: str
    required: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path], AnnData]


ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar", ".xz", ".bz2", ".zst")
R_FILES = (".rds", ".rda", ".rdata", ".qs", ".h5seurat")


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
        The format is not supported; the error lists the supported formats and the content of the folder.

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
    if not location.exists():
        raise FileMissingError(f"no such file or folder: {location}", hint="check the path; pass remote files as URIs")
    try:
        file_format = next((entry for entry in FORMATS if entry.recognises(location)), None)
    except OSError as error:  # a truncated HDF5 file
        raise InputError(f"{location} cannot be read: damaged or truncated ({error})", hint="copy it again") from error
    if file_format is None:
        raise InputError(_unknown(location), hint=_hint(location))
    return file_format


def _unknown(location: Path) -> str:
    if location.is_file() and location.stat().st_size == 0:
        return f"{location} is empty: a file of 0 bytes"
    if location.suffix.lower() in R_FILES:
        return f"{location} is an R file, which is not supported"
    if names := anndata_files.modalities(location):
        return f"{location} is a MuData file with the modalities {', '.join(names)}, which is not supported"
    supported = "\n".join(f"    {entry.name}: {entry.required}" for entry in FORMATS)
    content = "a file" if location.is_file() else "a pipe or a device"
    if location.is_dir():
        content = f"a folder with {_listing(location)}"
    return f"unknown format: {location} ({content}). Supported:\n{supported}"


def _listing(location: Path) -> str:
    names = sorted(item.name + "/" * item.is_dir() for item in location.iterdir())
    return list_names(names, 8) or "no files"


def _hint(location: Path) -> str:
    """Suggest a supported folder one level up or down, else list what can be passed."""
    if location.suffix.lower() in R_FILES:
        return "write it as .h5ad in R: anndataR::write_h5ad() for Seurat and SingleCellExperiment objects"
    if names := anndata_files.modalities(location):
        genes = next((name for name in names if name.lower() in ("rna", "gex", "gene expression")), names[0])
        return f"write the modality with the genes as .h5ad: mudata.read({location.name!r})[{genes!r}].write_h5ad(...)"
    if location.suffix.lower() == ".gz" and not location.name.lower().endswith(".tar.gz"):
        return f"unpack it: gunzip {location.name}"
    packed = sorted(item.name for item in location.iterdir()) if location.is_dir() else [location.name]
    packed = [name for name in packed if name.lower().endswith(ARCHIVES)]
    if packed:
        return f"unpack {', '.join(packed[:4])} and pass the folder or file that it contains"
    if location.suffix.lower() == ".loom":
        return f"write it as .h5ad: anndata.io.read_loom({location.name!r}).write_h5ad(...)"
    if location.is_dir() and (missing := xenium.missing_part(location)):
        return f"this looks like a Xenium output folder without its {missing}: copy it into the folder"
    below = sorted(item for item in location.iterdir() if item.is_dir())[:50] if location.is_dir() else []
    for candidate in [*below, location.parent]:
        entry = next((entry for entry in FORMATS if entry.recognises(candidate)), None)
        if entry is not None:
            return f"{candidate} is supported ({entry.name}): pass it instead"
    return "pass the unchanged output folder of the instrument, or an .h5ad file"
