"""Open HDF5 files, zarr folders and zipped zarr stores."""

import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import h5py
from anndata._io.specs.registry import IORegistryError

from spatialcore.core.on_disk.file_content import not_anndata
from spatialcore.core.on_disk.system_errors import unreadable
from spatialcore.core.types import StoredGroup
from spatialcore.errors import FileMissingError, InputError

ZARR_MARKS = {"zarr.json", ".zgroup", ".zattrs"}
ARRAY_MARKS = {"zarr.json", ".zarray", ".zmetadata"}
AGAIN = "download or write the file again"
MAX_METADATA_BYTES = 64 * 1024**2  # bytes of the description of an array, or of all arrays of a store
CHUNK_CACHE = 16 * 1024**2  # bytes per array: blocks that end within a chunk do not decompress it twice
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


def damaged(path: Path, error: BaseException) -> Exception:
    """Return the error for an AnnData file that cannot be read; errors of this package are returned unchanged."""
    return unreadable(path, error, "damaged, or not an AnnData file", AGAIN)


def of_content(path: Path, error: Exception) -> Exception:
    """Return the error for a file that is no AnnData: what it is, where its content tells, else :func:`damaged`."""
    try:
        return not_anndata(path) or damaged(path, error)
    except READ_ERRORS:
        return damaged(path, error)


def zip_prefix(path: Path) -> str | None:
    """Return the folder of a zarr group in a zip: "" for the root, None if there is none."""
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
    refuse_external_links(path)
    try:
        if path.is_dir() or path.name.endswith(".zip"):
            import zarr

            store = zarr.storage.ZipStore(path, mode="r") if path.is_file() else str(path)
            prefix = zip_prefix(path) if path.is_file() else None
            group: StoredGroup = zarr.open_group(store, mode="r", path=prefix or None)
            require_chunks(group, path)
            return group
        file: StoredGroup = h5py.File(path, "r", rdcc_nbytes=CHUNK_CACHE)  # checked above
        return file
    except (*READ_ERRORS, zipfile.BadZipFile) as error:
        raise of_content(path, error) from error


def require_chunks(group: StoredGroup, path: Path) -> None:
    """Raise if chunks of a sparse matrix are missing in a zarr store: zarr reads zeros instead.

    Raises
    ------
    InputError
        The store was copied incompletely.
    """
    if (missing := next(_missing_chunks(group), None)) is not None:
        raise InputError(f"{path} is incomplete: {missing}", hint="copy the whole folder again")


def _missing_chunks(group: Any) -> Iterator[str]:
    members = dict(group.members())
    if {"data", "indices", "indptr"} <= set(members) and members["data"].shape[0] > 0:
        for name in ("data", "indices", "indptr"):
            array = members[name]
            # a chunk of zeros is not written; values and pointers have none, indices of one column are all zero
            has_all = array.nchunks_initialized >= array.nchunks or array.shards is not None
            if not has_all and not (name == "indices" and array.nchunks == 1):
                lost = array.nchunks - array.nchunks_initialized
                yield f"{lost} of {array.nchunks} chunks of {group.name.rstrip('/')}/{name} are missing"
    for member in members.values():
        if hasattr(member, "members"):
            yield from _missing_chunks(member)


def open_hdf5(source: Path | BinaryIO) -> h5py.File:
    """Return an HDF5 file opened for reading.

    Raises
    ------
    InputError
        Parts of it are in other files.
    """
    file = h5py.File(source, "r")
    try:
        _refuse(source, _of_group(file, set()))
    except BaseException:
        file.close()
        raise
    return file


def refuse_external_links(path: Path) -> None:
    """Raise if a file or folder links to data outside of it, or would run code. Other files than these are accepted.

    Parameters
    ----------
    path
        An HDF5 file, a folder such as a zarr store, or a zip.

    Raises
    ------
    InputError
        An HDF5 file has an external link, external storage or a virtual dataset of other files; a folder has a
        symbolic link to a target outside of it, or a pipe; a zarr array is stored as pickled objects, which run code
        when read, or has a description of more than 64 MB.
    """
    if path.is_dir():
        _refuse(path, (f"{link} is a link out of the folder" for link in links_out(path, [path.resolve()])))
        _refuse(path, (f"{name} is a pipe or a device" for name in _special_files(path)))
        _refuse(path, pickled_arrays(path))
    elif path.is_file():  # one file may be both: a zip is read from its end, HDF5 from a signature near its beginning
        if zipfile.is_zipfile(path):
            _refuse(path, pickled_arrays(path))
        if h5py.is_hdf5(path):
            _refuse(path, _hdf5_parts_elsewhere(path))


def _refuse(source: object, links: Iterator[str]) -> None:
    if (link := next(links, None)) is not None:
        raise InputError(
            f"{source}: {link}",
            hint="write the file again with copies of linked data, and with objects as texts or numbers: links to "
            "other files are not followed",
        )


def _hdf5_parts_elsewhere(path: Path) -> Iterator[str]:
    try:
        with h5py.File(path, "r") as file:
            yield from _of_group(file, set())
    except READ_ERRORS as error:
        raise damaged(path, error) from error


def _of_group(group: Any, visited: set[int]) -> Iterator[str]:
    address = h5py.h5o.get_info(group.id).addr
    if address in visited:  # a group may have several names, or contain itself
        return
    visited.add(address)
    for name in group:
        link = group.get(name, getlink=True)
        name_in_file = f"{group.name.rstrip('/')}/{name}"
        if isinstance(link, h5py.ExternalLink):
            yield f"{name_in_file} is an external link to {link.filename!r}"
        elif isinstance(link, h5py.HardLink):
            yield from _of_object(group[name], name_in_file, visited)


def _of_object(part: Any, name_in_file: str, visited: set[int]) -> Iterator[str]:
    if isinstance(part, h5py.Group):
        yield from _of_group(part, visited)
    elif isinstance(part, h5py.Dataset):
        if part.external:
            yield f"{name_in_file} has its values in the external file {part.external[0][0]!r}"
        elif part.is_virtual:
            files = {source.file_name for source in part.virtual_sources()} - {"."}
            if files:
                yield f"{name_in_file} is a virtual dataset of the file {min(files)!r}"


def links_out(folder: Path, allowed: Sequence[Path]) -> Iterator[Path]:
    """Yield the relative path of each symbolic link in a folder whose target is in none of the allowed folders."""
    for entry in _entries(folder):
        target = Path(entry.path).resolve() if entry.is_symlink() else None
        if target is not None and not any(target.is_relative_to(root) for root in allowed):
            yield Path(entry.path).relative_to(folder)


def pickled_arrays(store: Path) -> Iterator[str]:
    """Yield a text on each zarr array, in a folder or a zip, whose values are pickled objects."""
    for name, content in _zarr_metadata(store):
        try:
            metadata = json.loads(content)
        except (ValueError, RecursionError):
            continue  # zarr refuses it
        if _is_pickled(metadata):
            yield f"{name}: values are pickled objects, which run code when they are read"


def _zarr_metadata(store: Path) -> Iterator[tuple[str, bytes]]:
    if store.is_dir():
        for path in (Path(entry.path) for entry in _entries(store) if entry.name in ARRAY_MARKS and entry.is_file()):
            name = path.relative_to(store).as_posix()
            _require_small(name, path.stat().st_size)
            yield name, path.read_bytes()
        return
    with zipfile.ZipFile(store) as archive:
        for member in archive.infolist():
            if member.filename.rpartition("/")[2] in ARRAY_MARKS:
                _require_small(member.filename, member.file_size)
                yield member.filename, archive.read(member)


def _require_small(name: str, size: int) -> None:
    if size > MAX_METADATA_BYTES:
        raise InputError(
            f"{name}: the description of a zarr array has {size / 1e6:,.0f} MB, expected at most "
            f"{MAX_METADATA_BYTES / 1e6:,.0f}",
            hint=AGAIN,
        )


def _special_files(folder: Path) -> Iterator[Path]:
    """Yield the relative path of each pipe, socket and device in a folder, whose reader may wait for ever."""
    for entry in _entries(folder):
        if not (entry.is_symlink() or entry.is_file() or entry.is_dir()):
            yield Path(entry.path).relative_to(folder)


def _is_pickled(metadata: Any) -> bool:
    if isinstance(metadata, dict):
        names = {str(metadata.get(key)).rpartition(".")[2] for key in ("id", "name")}
        return "pickle" in names or any(map(_is_pickled, metadata.values()))
    return isinstance(metadata, list) and any(map(_is_pickled, metadata))


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(Path(entry.path))
