"""Open HDF5 files, zarr folders and zipped zarr stores."""

import zipfile
from pathlib import Path

import h5py
from anndata._io.specs.registry import IORegistryError

from spatialcore.core.types import StoredGroup
from spatialcore.errors import FileMissingError, InputError

ZARR_MARKS = {"zarr.json", ".zgroup", ".zattrs"}
AGAIN = "download or write the file again"
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
    """Return the `InputError` for a file that cannot be read; an `InputError` is returned unchanged."""
    if isinstance(error, InputError):
        return error
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return InputError(f"{path} cannot be read: damaged, or not an AnnData file ({first:.160})", hint=AGAIN)


def zip_prefix(path: Path) -> str | None:
    """Return the folder of a zip in which a zarr group lies: "" for its root, None where there is no such group."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    roots = [name.rpartition("/")[0] for name in names if name.rpartition("/")[2] in ZARR_MARKS]
    return min((root for root in roots if not root.startswith("__MACOSX")), key=len, default=None)


def open_store(path: Path) -> StoredGroup:
    """Return the root group of an HDF5 file, a zarr folder or a zipped zarr store, opened for reading.

    Raises
    ------
    FileMissingError
        There is no file at the path.
    InputError
        The file cannot be opened.
    """
    if not path.exists():
        raise FileMissingError(f"no file at {path}", hint="check the path; for remote files pass a URI (s3://, gs://)")
    try:
        if path.is_dir() or path.name.endswith(".zip"):
            import zarr

            store = zarr.storage.ZipStore(path, mode="r") if path.is_file() else str(path)
            prefix = zip_prefix(path) if path.is_file() else None
            group: StoredGroup = zarr.open_group(store, mode="r", path=prefix or None)
            return group
        file: StoredGroup = h5py.File(path, "r")
        return file
    except (*READ_ERRORS, zipfile.BadZipFile) as error:
        raise damaged(path, error) from error
