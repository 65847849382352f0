"""The formats that can be read: what each looks for, how it is recognised, who reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from anndata import AnnData

from spatialcore.errors import FileMissingError, InputError
from spatialcore.io import anndata_files, cosmx, merscope, spatialdata_store, tenx, xenium


@dataclass(frozen=True)
class Format:
    """One format: its name, what it looks for, whether a path is one, and its reader."""

    name: str
    wanted: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path], AnnData]


R_FILES = (".rds", ".rda", ".rdata", ".qs", ".h5seurat")


def _is_tenx_file(path: Path) -> bool:
    return path.is_file() and tenx.is_tenx_h5(path)


def _read_tenx_file(path: Path) -> AnnData:
    from spatialcore.io.flat_files import note_source

    return note_source(tenx.read_tenx_h5(path), reader="10x-h5", platform="")


FORMATS = (
    Format("AnnData .h5ad", "an HDF5 file with obs and var", anndata_files.is_h5ad, anndata_files.read_h5ad),
    Format("10x .h5", "an HDF5 file with matrix/{data,indices,indptr,barcodes}", _is_tenx_file, _read_tenx_file),
    Format(
        "SpatialData .zarr",
        "a zarr folder whose attributes name spatialdata_attrs",
        spatialdata_store.is_spatialdata,
        spatialdata_store.read_spatialdata,
    ),
    Format(
        "AnnData .zarr",
        "a zarr folder whose attributes say encoding-type anndata",
        anndata_files.is_anndata_zarr,
        anndata_files.read_anndata_zarr,
    ),
    Format("Xenium output folder", xenium.WANTED, xenium.is_xenium, xenium.read_xenium),
    Format("CosMx flat files", cosmx.WANTED, cosmx.is_cosmx, cosmx.read_cosmx),
    Format("MERSCOPE region", merscope.WANTED, merscope.is_merscope, merscope.read_merscope),
)


def identify(path: str | Path) -> Format:
    """Find out what a path holds.

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
        There is nothing at the path.
    InputError
        Nothing that can be read; the error lists what was looked for and what is there.
    """
    place = Path(path).expanduser()
    if not place.exists():
        raise FileMissingError(f"nothing is at {place}", hint="check the path; remote files are given as URIs")
    try:
        found = next((entry for entry in FORMATS if entry.recognises(place)), None)
    except OSError as error:  # an HDF5 file that begins as one and does not go on
        raise InputError(f"{place} cannot be read: damaged or cut short ({error})", hint="copy it again") from error
    if found is None:
        raise InputError(_unknown(place), hint=_hint(place))
    return found


def _unknown(place: Path) -> str:
    if place.is_file() and place.stat().st_size == 0:
        return f"{place} is empty: a file of 0 bytes"
    if place.suffix.lower() in R_FILES:
        return f"{place} is a file of R, which cannot be read here"
    looked_for = "\n".join(f"    {entry.name}: {entry.wanted}" for entry in FORMATS)
    seen = "a file" if place.is_file() else f"a folder with {_listing(place)}"
    return f"{place} is of no format that can be read ({seen}). Looked for:\n{looked_for}"


def _listing(place: Path) -> str:
    names = sorted(item.name + "/" * item.is_dir() for item in place.iterdir())
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return (", ".join(names[:8]) or "nothing in it") + more


def _hint(place: Path) -> str:
    """Point at a folder one level up or down that can be read, the usual slip; else say what would do."""
    if place.suffix.lower() in R_FILES:
        return "write it as .h5ad in R: anndataR::write_h5ad() for Seurat and SingleCellExperiment objects"
    if place.is_dir() and (missing := xenium.missing_part(place)):
        return f"this looks like a Xenium output folder without its {missing}: copy that beside it"
    below = sorted(item for item in place.iterdir() if item.is_dir())[:50] if place.is_dir() else []
    for candidate in [*below, place.parent]:
        entry = next((entry for entry in FORMATS if entry.recognises(candidate)), None)
        if entry is not None:
            return f"{candidate} is a {entry.name}: pass that"
    return "pass the instrument's output folder as it was exported, or an .h5ad file"
