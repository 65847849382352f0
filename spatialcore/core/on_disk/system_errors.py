"""Errors of the operating system and of readers, as errors of this package that name the file and what to do."""

import errno
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from spatialcore.errors import FileMissingError, InputError, SpatialCoreError, StorageError

COPY_AGAIN: Final = "copy or download the file again: it may be truncated"
# of Python, pandas, pyarrow, h5py, zarr and zipfile, for files that do not have the content of their format
FORMAT_ERRORS: Final = (
    *(OSError, KeyError, ValueError, IndexError, EOFError, RuntimeError),
    *(zlib.error, zipfile.BadZipFile),
)
_DENIED: Final = (errno.EACCES, errno.EPERM)
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_BROKEN_DISK: Final = (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV)
_NAME_IN_HDF5: Final = re.compile(r"name = '([^']+)'")


def system_error(error: OSError, path: str | Path = "") -> SpatialCoreError | None:
    """Return the error for a failure of the operating system; None if the error number is another or absent.

    Parameters
    ----------
    error
        As Python, h5py or pyarrow raise it.
    path
        The file, if the error does not name it.

    Examples
    --------
    >>> print(system_error(PermissionError(13, "Permission denied", "cells.h5ad")))
    no permission to open cells.h5ad
      -> get permission for the file and its folder, or use a copy
    """
    number, name = error.errno, _name_in(error) or str(path)
    if number in _DENIED:
        return StorageError(
            f"no permission to open {name}", hint="get permission for the file and its folder, or use a copy"
        )
    if number in _FULL:
        hint = f"free some space or choose another folder; temporary files are in {tempfile.gettempdir()} (TMPDIR)"
        return StorageError(f"no space left to write {name}", hint=hint)
    if number == errno.EROFS:
        return StorageError(f"{name} is on a read-only file system", hint="choose another folder")
    if number == errno.ENOENT:
        return FileMissingError(f"no such file or folder: {name}", hint="check the path, and the target of links")
    if number in _BROKEN_DISK:
        return StorageError(
            f"the disk or network drive of {name} failed: {error.strerror}", hint="check that it is connected"
        )
    return None


def _name_in(error: OSError) -> str:
    in_text = _NAME_IN_HDF5.search(str(error))
    return str(error.filename or "") or (in_text.group(1) if in_text else "")


def unreadable(path: str | Path, error: BaseException, reason: str = "damaged", hint: str = COPY_AGAIN) -> Exception:
    """Return the error for a file that cannot be read; errors of this package are returned unchanged.

    Parameters
    ----------
    path
        The file.
    error
        The error of the reader.
    reason
        Why files of this format cannot be read, in most cases.
    hint
        What to do then.

    Examples
    --------
    >>> print(unreadable("cells.parquet", ValueError("no footer")))
    cells.parquet cannot be read: damaged (no footer)
      -> copy or download the file again: it may be truncated
    """
    if isinstance(error, SpatialCoreError):
        return error
    if isinstance(error, OSError) and (known := system_error(error, path)) is not None:
        return known
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return InputError(f"{path} cannot be read: {reason} ({first:.160})", hint=hint)


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Raise the errors of a reader as errors of this package that name the file.

    Examples
    --------
    >>> with reading("cells.csv"):
    ...     int("x")
    Traceback (most recent call last):
        ...
    spatialcore.errors.InputError: cells.csv cannot be read: damaged (invalid literal for int() with base 10: 'x')
      -> copy or download the file again: it may be truncated
    """
    try:
        yield
    except FORMAT_ERRORS as error:
        raise unreadable(path, error) from error
