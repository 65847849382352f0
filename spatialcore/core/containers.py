"""Files on disk that hold an AnnData: HDF5, zarr folders, zipped zarr; and the error for those that do not."""

import zipfile
from pathlib import Path
from typing import Any

import h5py
from anndata._io.specs.registry import IORegistryError

from spatialcore.errors import FileMissingError, InputError

AGAIN = "fetch or write the file again"
READ_ERRORS = (
    OSError,
    KeyError,
    ValueError,
    TypeError,
    RuntimeError,
    AttributeError,
    IndexError,
    EOFError,
    OverflowError,
    MemoryError,
    IORegistryError,
)


def damaged(path: Path, error: BaseException) -> InputError:
    """Return the error for a file that is not what it should be; one of ours is passed on."""
    if isinstance(error, InputError):
        return error
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return InputError(f"{path} cannot be read: damaged or no AnnData file ({first:.160})", hint=AGAIN)


def open_store(path: Path) -> Any:
    """Open an HDF5 file or a zarr store, zipped or not."""
    if not path.exists():
        raise FileMissingError(f"no file at {path}", hint="check the path; a URI needs its scheme (s3://, gs://)")
    try:
        if path.is_dir() or path.name.endswith(".zip"):
            import zarr

            return zarr.open_group(zarr.storage.ZipStore(path, mode="r") if path.is_file() else str(path), mode="r")
        return h5py.File(path, "r")
    except (*READ_ERRORS, zipfile.BadZipFile) as error:
        raise damaged(path, error) from error
