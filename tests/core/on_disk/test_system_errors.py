"""Errors of the operating system and of readers name the file and say what to do."""

import errno
import os
import zlib

import pytest

from spatialcore.core.on_disk.system_errors import reading, system_error, unreadable
from spatialcore.errors import FileMissingError, InputError, SpatialCoreError, StorageError


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [
        (errno.EACCES, StorageError, "no permission to open a.h5ad"),
        (errno.ENOSPC, StorageError, "no space left to write a.h5ad"),
        (errno.EROFS, StorageError, "read-only"),
        (errno.ENOENT, FileMissingError, "no such file or folder: a.h5ad"),
        (errno.EIO, StorageError, "failed: Input/output error"),
    ],
)
def test_errors_by_number(number: int, kind: type[SpatialCoreError], text: str) -> None:
    error = system_error(OSError(number, os.strerror(number), "a.h5ad"))
    assert type(error) is kind
    assert text in error.message
    assert error.hint


def test_the_file_named_by_hdf5() -> None:
    text = "Unable to open file (unable to open file: name = '/data/q.h5ad', errno = 13, error message = 'denied')"
    error = system_error(OSError(errno.EACCES, text), "folder")
    assert error is not None
    assert error.message == "no permission to open /data/q.h5ad"


def test_other_errors_are_damage() -> None:
    assert system_error(OSError("truncated file")) is None
    error = unreadable("cells.h5", OSError("truncated file: eof = 3"))
    assert isinstance(error, InputError)
    assert "cells.h5 cannot be read: damaged (truncated file: eof = 3)" in str(error)


@pytest.mark.parametrize("error", [zlib.error("bad data"), KeyError("indptr"), EOFError(), ValueError("no footer")])
def test_errors_of_readers_name_the_file(error: Exception) -> None:
    with pytest.raises(InputError, match=r"counts\.h5 cannot be read"), reading("counts.h5"):
        raise error


def test_errors_of_the_package_are_unchanged() -> None:
    own = InputError("two samples")
    with pytest.raises(InputError) as caught, reading("folder"):
        raise own
    assert caught.value is own
